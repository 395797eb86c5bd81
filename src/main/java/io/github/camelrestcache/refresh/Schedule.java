package io.github.camelrestcache.refresh;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Leases;
import io.github.camelrestcache.store.Near;
import io.github.camelrestcache.store.Store;
import io.github.camelrestcache.store.StoreClock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.Header;
import org.apache.camel.Variable;
import org.springframework.dao.DataAccessException;

/**
 * When endpoints are due: the state of each, as all instances know it, and what asks for a refresh
 * before its time. Times are by the clock of Redis.
 */
public final class Schedule {

  /** Events within this time cause one refresh. */
  private static final Duration EVENTS = Duration.ofSeconds(2);

  /** How many unchanged endpoints are compared at each look. */
  private static final int IN_TURN = 20;

  private final Map<String, State> states = new ConcurrentHashMap<>();

  /** The paths of requests that Redis did not accept. */
  private final Set<String> untold = ConcurrentHashMap.newKeySet();

  /** The fields in Redis at the last look; null before the first. */
  private Map<String, byte[]> looked;

  private int turn;

  private final Catalog catalog;
  private final Leases leases;
  private final Near near;
  private final Store store;
  private final StoreClock clock;

  /**
   * @param clock is set by the clock of Redis
   */
  public Schedule(Catalog catalog, Leases leases, Near near, Store store, StoreClock clock) {
    this.catalog = catalog;
    this.leases = leases;
    this.near = near;
    this.store = store;
    this.clock = clock;
  }

  /** The time by the clock of Redis, as far as it is known. */
  public Instant now() {
    return clock.instant();
  }

  /** The state of an endpoint when Redis was last read. */
  public State state(String path) {
    return states.getOrDefault(path, State.NONE);
  }

  /** How long an endpoint still backs off; zero if it does not. */
  public Duration pause(String path) {
    long left = state(path).notBefore() - now().toEpochMilli();
    return Duration.ofMillis(Math.max(0, left));
  }

  /**
   * Reads the states of all endpoints, and repeats requests that Redis did not accept. Callers stop
   * waiting for endpoints that back off.
   *
   * @return the endpoints to compare with Redis, in case a message was lost: those whose state has
   *     changed, and some others in turn, because Redis may have lost any
   */
  public synchronized List<CachedEndpoint> look() {
    Set<String> changed = load();
    for (String path : untold) {
      want(path, Duration.ZERO, false);
      untold.remove(path);
    }
    List<CachedEndpoint> all = List.copyOf(catalog.endpoints());
    List<CachedEndpoint> suspects = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      String path = all.get(i).path();
      if (changed.contains(path) || Math.floorMod(i - turn, all.size()) < IN_TURN) {
        suspects.add(all.get(i));
      }
      State state = state(path);
      if (state.failures() > 0 && !pause(path).isZero()) {
        near.giveUp(path, new RefreshFailed(state.reason()));
      }
    }
    turn = all.isEmpty() ? 0 : (turn + IN_TURN) % all.size();
    return suspects;
  }

  /**
   * Returns the paths of endpoints whose state has changed in Redis, or which have none any more.
   */
  private Set<String> load() {
    clock.set(leases.time());
    Map<String, byte[]> before = looked == null ? Map.of() : looked;
    Map<String, byte[]> now = leases.schedules();
    Set<String> changed =
        Stream.of(before, now)
            .flatMap(fields -> fields.keySet().stream())
            .filter(field -> !Arrays.equals(before.get(field), now.get(field)))
            .map(field -> field.replaceFirst(" .*", ""))
            .collect(Collectors.toSet());
    changed.forEach(path -> keep(path, now.get(path), now.get(path + Leases.SOON)));
    looked = now;
    return changed;
  }

  /** Reads the state of an endpoint from Redis. */
  synchronized State read(String path) {
    if (looked == null) {
      load();
    }
    List<byte[]> fields = leases.schedule(path);
    return keep(path, fields.get(0), fields.get(1));
  }

  private State keep(String path, byte[] result, byte[] request) {
    State state = State.of(result);
    String[] soon = request == null ? new String[0] : new String(request, UTF_8).split(" ", 2);
    if (soon.length > 0 && soon[0].matches("\\d{1,18}")) {
      state = state.wanted(Long.parseLong(soon[0]), soon.length > 1);
    }
    states.put(path, state);
    return state;
  }

  /** Sets a fence that is higher than those of all leases and purges of an endpoint so far. */
  public long newFence(CachedEndpoint endpoint) {
    String path = endpoint.path();
    Entry here = near.entry(endpoint);
    long fence = Math.max(store.fence(endpoint), here == null ? 0 : here.fence());
    byte[] last = leases.schedule(path).get(2);
    if (last != null && new String(last, UTF_8).matches("\\d{1,18}")) {
      fence = Math.max(fence, Long.parseLong(new String(last, UTF_8)));
    }
    fence = Math.max(fence + 1, now().toEpochMilli());
    leases.set(path + Leases.FENCE, Long.toString(fence));
    return fence;
  }

  /** Stores the result of a refresh. */
  void set(String path, State result) {
    leases.set(path, result.json());
    read(path); // an event may have come meanwhile
  }

  /**
   * Refreshes because of an event: with a delay, as more events may follow, and within the rate
   * limit. Without Redis, the event is kept until Redis is back.
   */
  public void soon(CachedEndpoint endpoint) {
    soon(endpoint, EVENTS);
  }

  /** Refreshes the endpoints that an event changes {@linkplain #soon soon}. */
  public void changed(@Body List<CachedEndpoint> endpoints) {
    endpoints.forEach(this::soon);
  }

  /** Refreshes the endpoints at and above the path of a write, unless GitHub has rejected it. */
  public void written(
      @Variable("request") ClientRequest request, @Header(Exchange.HTTP_RESPONSE_CODE) int status) {
    catalog.endpoints().stream()
        .filter(each -> status < 400 && each.covers(request.path()))
        .forEach(each -> soon(each, Duration.ZERO));
  }

  private void soon(CachedEndpoint endpoint, Duration after) {
    try {
      want(endpoint.path(), after, false);
    } catch (DataAccessException e) {
      untold.add(endpoint.path());
    }
  }

  /**
   * Refreshes on request: at once, or as soon as GitHub's rate limit allows.
   *
   * @param anyway whether the request ends a pause after failures
   * @throws DataAccessException without Redis
   */
  public void atOnce(CachedEndpoint endpoint, boolean anyway) {
    want(endpoint.path(), Duration.ZERO, anyway);
  }

  /** Asks for an early refresh, unless one is to begin later than now and no later than that. */
  private void want(String path, Duration after, boolean anyway) {
    long now = leases.time().toEpochMilli();
    State known = state(path);
    boolean isPending = known.isWanted() && known.soon() <= now; // or a refresh has just begun
    boolean isLater = known.isWanted() && !isPending && known.soon() <= now + after.toMillis();
    if (anyway || !isLater) {
      long at = isPending ? now : now + after.toMillis();
      boolean ends = anyway || isPending && known.notBefore() == 0;
      leases.set(path + Leases.SOON, at + (ends ? " anyway" : ""));
      states.merge(path, State.NONE.wanted(at, ends), (old, each) -> old.wanted(at, ends));
    }
  }
}
