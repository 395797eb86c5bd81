package io.github.camelrestcache.refresh;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.RedisConnection;
import io.github.camelrestcache.store.StoreClock;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.script.RedisScript;

/**
 * Leases and schedules of refreshes: one hash in Redis, shared by all instances, with the {@link
 * State} of each endpoint by its path, and the current leases as {@code leases}, as JSON. Times are
 * by the clock of Redis. If that is a few milliseconds off, or an instance is paused, the {@link
 * Lease#fence} keeps older content from replacing newer content.
 *
 * <p>All methods throw a {@link DataAccessException} if Redis does not answer.
 */
public final class Leases {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** The maximum number of concurrent refreshes; each has one request in flight. */
  static final int MOST_AT_ONCE = 8;

  /**
   * The right to refresh an endpoint, for a while.
   *
   * @param fence higher than that of every earlier lease of the endpoint
   * @param began when it was taken, by the clock of Redis
   */
  public record Lease(String path, long fence, Instant began) {}

  /** An endpoint and when it is due. */
  record Due(CachedEndpoint endpoint, Instant at) {}

  /**
   * @param looked the state as it was at the last look, or null
   */
  private record Known(byte[] looked, State state) {}

  private final Map<String, Known> states = new ConcurrentHashMap<>();

  /** Counts what this instance has learned of states. */
  private final AtomicInteger news = new AtomicInteger();

  private volatile boolean full;

  /** Updates that Redis did not accept. */
  private final Queue<Runnable> untold = new ConcurrentLinkedQueue<>();

  private final RedisConnection redis;
  private final StoreClock clock;
  private final String key;
  private final long millis;

  /** A lease of this instance counts as free: the answer that granted it may have been lost. */
  private final String me;

  /**
   * @param me the name of this instance
   * @param clock is set from the answers of Redis
   */
  public Leases(
      RedisConnection redis, Keys keys, Settings.GitHub settings, String me, StoreClock clock) {
    this.redis = redis;
    this.clock = clock;
    this.me = me;
    key = keys.of("refreshes");
    // a lease outlives the slowest page
    millis = settings.connectTimeout().plus(settings.answerTimeout()).plusSeconds(5).toMillis();
  }

  /** Whether the last lease that was asked for had to wait for others. */
  boolean isFull() {
    return full;
  }

  /** The time by the clock of Redis, as far as it is known. */
  public Instant now() {
    return clock.instant();
  }

  /** The state of an endpoint when Redis was last read. */
  public State state(String path) {
    Known known = states.get(path);
    return known == null ? State.NONE : known.state();
  }

  /** Endpoints in the order in which they are due, as far as is known. */
  List<Due> schedule(Collection<CachedEndpoint> endpoints) {
    return endpoints.stream()
        .map(each -> new Due(each, state(each.path()).due(each.every())))
        .sorted(Comparator.comparing(Due::at))
        .toList();
  }

  /** A number that grows with each new state of an endpoint. */
  int news() {
    return news.get();
  }

  /** How long an endpoint still backs off; zero if it does not. */
  public Duration pause(String path) {
    long left = state(path).notBefore() - now().toEpochMilli();
    return Duration.ofMillis(Math.max(0, left));
  }

  /** Repeats an update, which Redis did not accept, when Redis is back. */
  void later(Runnable update) {
    untold.add(update);
  }

  /** Whether Redis has accepted all updates; if not, the state of an endpoint may be newer. */
  boolean isAllTold() {
    return untold.isEmpty();
  }

  /**
   * Reads what other instances have done, and repeats updates.
   *
   * @return the paths of endpoints whose state they have changed, or which have none any more
   */
  Set<String> look() {
    setClock(run(LeaseScripts.LOOK, ""));
    Map<String, byte[]> now = redis.<String, byte[]>opsForHash().entries(key);
    now.remove("leases");
    Set<String> changed = new HashSet<>(states.keySet());
    changed.removeAll(now.keySet());
    now.forEach(
        (path, json) -> {
          Known known = states.get(path);
          if (known == null || !Arrays.equals(known.looked(), json)) {
            changed.add(path);
            states.put(path, new Known(json, read(json)));
            news.incrementAndGet();
          }
        });
    if (states.keySet().retainAll(now.keySet())) {
      news.incrementAndGet();
    }
    for (Runnable update = untold.peek(); update != null; update = untold.peek()) {
      update.run();
      untold.remove(update);
    }
    return changed;
  }

  /**
   * Takes the lease of an endpoint if it is due, no other process holds it, and fewer than the
   * maximum are taken. This process must not be refreshing it.
   *
   * @param every its interval
   * @param cold whether it is due regardless of its interval; a pause after failures still counts
   * @param above the fence of the known entry, in case Redis has lost it
   * @return the lease, or null if it is not available
   */
  Lease acquire(String path, Duration every, boolean cold, long above) {
    List<?> answer =
        run(LeaseScripts.ACQUIRE, path, every.toMillis(), millis, MOST_AT_ONCE, cold, above, me);
    long fence = (Long) answer.get(0);
    Instant now = setClock((Long) answer.get(1));
    keep(path, (byte[]) answer.get(2));
    full = (Long) answer.get(3) >= MOST_AT_ONCE;
    return fence == 0 ? null : new Lease(path, fence, now);
  }

  /** How often to renew a lease, so that it outlasts the refresh. */
  Duration renewal() {
    return Duration.ofMillis(millis / 3);
  }

  /** Extends a lease; false if a newer one has been granted. */
  boolean renew(Lease lease) {
    return run(LeaseScripts.RENEW, lease.path(), lease.fence(), millis) == 1;
  }

  /**
   * Gives a lease back.
   *
   * @param pause until the endpoint may be refreshed again
   * @param again whether to look again after 10 and 30 s, provided that an event caused the
   *     refresh: GitHub may answer from a copy that does not have the change yet
   * @return false if a newer lease has been granted, and the result is dropped
   */
  boolean release(Lease lease, State.Result result, Duration pause, boolean again) {
    String json = JSON.valueToTree(result).toString();
    byte[] state =
        run(LeaseScripts.RELEASE, lease.path(), lease.fence(), json, pause.toMillis(), again);
    if (state != null) {
      keep(lease.path(), state);
    }
    return state != null;
  }

  /**
   * Makes an endpoint due after a while, regardless of its interval.
   *
   * @param atOnce whether to end its pause too
   */
  public void soon(String path, Duration after, boolean atOnce) {
    keep(path, run(LeaseScripts.SOON, path, after.toMillis(), atOnce));
  }

  /**
   * Revokes the lease of an endpoint, if any.
   *
   * @param above the fence of the known entry, in case Redis has lost it
   * @return a fence that is higher than those of all leases so far
   */
  public long revoke(String path, long above) {
    List<?> answer = run(LeaseScripts.REVOKE, path, above);
    keep(path, (byte[]) answer.get(1));
    return (Long) answer.get(0);
  }

  private <T> T run(RedisScript<T> script, Object... arguments) {
    return redis.run(script, key, arguments);
  }

  private Instant setClock(long millis) {
    Instant now = Instant.ofEpochMilli(millis);
    clock.set(now);
    return now;
  }

  private void keep(String path, byte[] json) {
    State state = read(json);
    Known old = states.get(path);
    states.put(path, new Known(old == null ? null : old.looked(), state));
    if (old == null || !old.state().equals(state)) {
      news.incrementAndGet();
    }
  }

  private static State read(byte[] json) {
    try {
      State state = JSON.readValue(json, State.class);
      return state == null ? State.NONE : state;
    } catch (IOException e) {
      return State.NONE;
    }
  }
}
