package io.github.camelrestcache.refresh;

import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.refresh.ColdReads.Arrival;
import io.github.camelrestcache.store.Leases;
import io.github.camelrestcache.store.Near;
import io.github.camelrestcache.store.RedisConnection;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.Variable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;

/**
 * Decides which endpoints are refreshed: those that are due, the longest due first, each by one
 * instance at a time, which holds its lease.
 */
public final class Refreshes {

  private static final Logger LOG = LoggerFactory.getLogger(Refreshes.class);

  /** Nanoseconds until an endpoint is tried again that has a lease, or after a failure of Redis. */
  private static final long REST = TimeUnit.SECONDS.toNanos(1);

  /**
   * The place of an endpoint in the queue.
   *
   * @param due when it was due, in milliseconds since 1970; callers who wait for it come first
   */
  public record Place(String path, long due) {

    private static final long FIRST = Long.MIN_VALUE;

    private boolean isAwaited() {
      return due == FIRST;
    }
  }

  private final Map<String, Place> queued = new ConcurrentHashMap<>();
  private final Set<String> running = ConcurrentHashMap.newKeySet();

  /** Whether a lease has failed although Redis answers. */
  private final AtomicBoolean odd = new AtomicBoolean();

  /** By path, the end of a rest by {@link System#nanoTime()}. */
  private final Map<String, Long> resting = new ConcurrentHashMap<>();

  private final Settings.Refreshing settings;
  private final Catalog catalog;
  private final RedisConnection redis;
  private final Near near;
  private final Leases leases;
  private final Schedule schedule;
  private final Outcomes outcomes;
  private final MeterRegistry meters;

  public Refreshes(
      Settings.Refreshing settings,
      Catalog catalog,
      RedisConnection redis,
      Near near,
      Leases leases,
      Schedule schedule,
      Outcomes outcomes,
      Meters meters) {
    this.settings = settings;
    this.catalog = catalog;
    this.redis = redis;
    this.near = near;
    this.leases = leases;
    this.schedule = schedule;
    this.outcomes = outcomes;
    this.meters = meters.registry();
    meters
        .each("endpoint", catalog::endpoints, each -> Tags.of("endpoint", each.template()))
        .gauge(
            "interval",
            "seconds",
            "Declared time between two refreshes",
            each -> each.every().toMillis() / 1000.0)
        .gauge(
            "failures",
            null,
            "Failed refreshes in a row, on any instance",
            each -> schedule.state(each.path()).failures())
        .gauge(
            "holder",
            null,
            "1 if this instance ran the last refresh, else 0",
            each -> leases.me().equals(schedule.state(each.path()).owner()) ? 1 : 0);
  }

  /** Whether this instance refreshes an endpoint now. */
  boolean isRunning(String path) {
    return running.contains(path);
  }

  /** The queue, whose messages have a {@link Place} in the variable {@code place}. */
  public BlockingQueue<Exchange> places() {
    Comparator<Exchange> order =
        Comparator.comparing(exchange -> exchange.getVariable("place", Place.class).due());
    return new PriorityBlockingQueue<>(64, order) {
      private static final long serialVersionUID = 1;

      @Override
      public void clear() { // Camel does so when the route stops
        super.clear();
        queued.clear();
      }
    };
  }

  /** The endpoints that are due, the longest due first. */
  public List<CachedEndpoint> due() {
    if (redis.trouble() != null) {
      return List.of();
    }
    long now = schedule.now().toEpochMilli();
    return catalog.endpoints().stream()
        .filter(each -> schedule.due(each) <= now && isIdle(each.path()))
        .sorted(Comparator.comparing(schedule::due))
        .toList();
  }

  private boolean isIdle(String path) {
    return !running.contains(path)
        && !queued.containsKey(path)
        && System.nanoTime() - resting.getOrDefault(path, Long.MIN_VALUE / 2) >= 0;
  }

  private void rest(String path) {
    resting.put(path, System.nanoTime() + REST);
  }

  /**
   * Gives an endpoint a place in the queue.
   *
   * @param awaited what a caller waits for, or null
   * @return null if it is not due, or is queued or refreshed already
   */
  public Place queue(
      @Variable("endpoint") CachedEndpoint endpoint, @Variable("awaited") Arrival awaited) {
    String path = endpoint.path();
    boolean isAwaited = awaited != null && !awaited.stored().isDone();
    long due = schedule.due(endpoint);
    boolean isDue = due <= schedule.now().toEpochMilli() && redis.trouble() == null;
    if (running.contains(path) || !isAwaited && !(isDue && isIdle(path))) {
      return null;
    }
    Place place = new Place(path, isAwaited ? Place.FIRST : due);
    // a caller who waits overtakes; the place that was given before is void
    Place now =
        queued.merge(path, place, (old, each) -> old.isAwaited() || !each.isAwaited() ? old : each);
    return now == place ? place : null;
  }

  /**
   * Takes the lease of an endpoint whose turn has come.
   *
   * @return null if it is not due any more, another instance refreshes it, or Redis fails
   */
  public Lease take(@Variable("endpoint") CachedEndpoint endpoint, @Variable("place") Place place) {
    String path = endpoint.path();
    if (!queued.remove(path, place) || !running.add(path)) {
      return null;
    }
    Lease lease = null;
    try {
      if (leases.take(path)) {
        lease = leaseIfDue(endpoint, place.isAwaited() && near.entry(endpoint) == null);
        if (lease == null) {
          leases.giveBack(path);
        }
      } else {
        rest(path);
      }
    } catch (DataAccessException e) {
      rest(path);
      if (redis.trouble() == null && odd.compareAndSet(false, true)) {
        LOG.warn("Refreshes cannot take leases: {}", BadConfiguration.sentence(e));
      }
      near.giveUp(path, e);
    } finally {
      if (lease == null) {
        running.remove(path);
      }
    }
    return lease;
  }

  private Lease leaseIfDue(CachedEndpoint endpoint, boolean isAwaited) {
    String path = endpoint.path();
    State state = schedule.read(path); // another instance may just have refreshed it
    Instant now = leases.time();
    if ((isAwaited ? state.notBefore() : state.due(endpoint.every())) <= now.toEpochMilli()) {
      return new Lease(path, schedule.newFence(endpoint), now, Instant.now());
    }
    if (isAwaited) {
      String reason = state.reason();
      near.giveUp(
          path, new RefreshFailed(reason == null ? "The rate limit is nearly spent" : reason));
    }
    return null;
  }

  /** Extends the leases of the refreshes that are under way here. */
  public void renew() {
    running.forEach(leases::renew);
  }

  /**
   * Ends a refresh: sets its outcome, gives the lease back, and tells callers who wait that it has
   * failed.
   *
   * @param published the entry, or null if a later lease has published
   */
  public void end(
      @Variable("endpoint") CachedEndpoint endpoint,
      @Variable("lease") Lease lease,
      @Variable("pages") Pages pages,
      @Variable("failure") Throwable caught,
      @Body Object published) {
    Throwable failure = failure(lease, caught, published);
    Timer.builder("restcache.refresh")
        .description("Refreshes by this instance, each with all pages")
        .tag("endpoint", endpoint.template())
        .tag("outcome", failure == null ? "done" : Failures.word(failure))
        .register(meters)
        .record(Duration.between(lease.taken(), Instant.now()));
    boolean isLost = failure instanceof LeaseLost && !schedule.state(endpoint.path()).isWanted();
    if (isLost || failure instanceof DataAccessException) {
      rest(endpoint.path());
    }
    try {
      if (!(failure instanceof LeaseLost)) {
        outcomes.note(endpoint, lease, pages, failure);
      }
    } catch (DataAccessException e) {
      rest(endpoint.path()); // the connection logs it; the endpoint is still due
    } finally {
      running.remove(endpoint.path());
      if (failure != null && !(failure instanceof LeaseLost)) {
        near.giveUp(endpoint.path(), failure);
      }
    }
  }

  private Throwable failure(Lease lease, Throwable caught, Object published) {
    if (caught == null) {
      return published == null ? new LeaseLost() : null;
    }
    // a connection is closed at the deadline, to the millisecond
    return Instant.now().plusMillis(10).isAfter(lease.taken().plus(settings.deadline()))
        ? new RefreshFailed("The refresh exceeded REFRESH_DEADLINE")
        : caught;
  }
}
