package io.github.camelrestcache.refresh;

import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.store.Leases;
import io.github.camelrestcache.store.Near;
import io.github.camelrestcache.store.RedisConnection;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
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

  private final Set<String> running = ConcurrentHashMap.newKeySet();

  /** Whether a lease has failed although Redis answers. */
  private final AtomicBoolean odd = new AtomicBoolean();

  /** By path, the end of a rest by {@link System#nanoTime()}. */
  private final Map<String, Long> resting = new ConcurrentHashMap<>();

  private volatile boolean isStopped;

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

  /**
   * Takes the lease of the endpoint that is most urgent: one that callers wait for, or else the one
   * that has been due longest.
   *
   * @return null if no endpoint is due, other instances refresh those that are, or Redis fails
   */
  public Lease take() {
    for (CachedEndpoint endpoint : due()) {
      Lease lease = !isStopped && running.add(endpoint.path()) ? take(endpoint) : null;
      if (lease != null) {
        return lease;
      }
    }
    return null;
  }

  /** Takes no further lease. */
  public void stop() {
    isStopped = true;
  }

  /** The endpoints to refresh, the most urgent first. */
  private List<CachedEndpoint> due() {
    long now = schedule.now().toEpochMilli();
    return catalog.endpoints().stream()
        .filter(each -> isIdle(each.path()))
        .map(each -> Map.entry(due(each), each))
        .filter(each -> each.getKey() <= now)
        .sorted(Map.Entry.comparingByKey())
        .map(Map.Entry::getValue)
        .toList();
  }

  /**
   * When an endpoint is due, in milliseconds since 1970: before all others if callers wait for it,
   * never without Redis.
   */
  private long due(CachedEndpoint endpoint) {
    if (isAwaited(endpoint)) {
      return Long.MIN_VALUE;
    }
    return redis.failure() == null
        ? schedule.state(endpoint.path()).due(endpoint.every())
        : Long.MAX_VALUE;
  }

  private boolean isAwaited(CachedEndpoint endpoint) {
    return near.isAwaited(endpoint.path()) && near.entry(endpoint) == null;
  }

  private boolean isIdle(String path) {
    return !isStopped
        && !running.contains(path)
        && System.nanoTime() - resting.getOrDefault(path, Long.MIN_VALUE / 2) >= 0;
  }

  private void rest(String path) {
    resting.put(path, System.nanoTime() + REST);
  }

  private Lease take(CachedEndpoint endpoint) {
    String path = endpoint.path();
    Lease lease = null;
    try {
      if (leases.take(path)) {
        lease = leaseIfDue(endpoint);
        if (lease == null) {
          leases.giveBack(path);
        }
      } else {
        rest(path);
      }
    } catch (DataAccessException e) {
      rest(path);
      if (redis.failure() == null && odd.compareAndSet(false, true)) {
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

  private Lease leaseIfDue(CachedEndpoint endpoint) {
    String path = endpoint.path();
    State state = schedule.read(path); // another instance may just have refreshed it
    Instant now = leases.time();
    boolean isAwaited = isAwaited(endpoint);
    if ((isAwaited ? state.notBefore() : state.due(endpoint.every())) <= now.toEpochMilli()) {
      return new Lease(endpoint, schedule.newFence(endpoint), now, Instant.now());
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
   * @param pages null if it failed before the first page
   * @param caught null if it succeeded
   */
  public void end(
      @Variable("lease") Lease lease,
      @Variable("pages") Pages pages,
      @Variable("failure") Throwable caught) {
    CachedEndpoint endpoint = lease.endpoint();
    String path = endpoint.path();
    Throwable failure = failure(lease, caught);
    boolean isLost = failure == RefreshFailed.LEASE_LOST;
    boolean isOutage = failure instanceof DataAccessException;
    Timer.builder("restcache.refresh")
        .description("Refreshes by this instance, each with all pages")
        .tag("endpoint", endpoint.template())
        .tag("outcome", failure == null ? "done" : Failures.word(failure))
        .register(meters)
        .record(Duration.between(lease.taken(), Instant.now()));
    if (isOutage || isLost && !schedule.state(path).isWanted()) {
      rest(path);
    }
    try {
      // take it again, because Redis may have evicted it
      if (!isLost && leases.take(path)) {
        if (!isOutage) {
          outcomes.note(lease, pages, failure);
        }
        leases.giveBack(path);
      }
    } catch (DataAccessException e) {
      rest(path); // the connection logs it; the endpoint is still due
    } finally {
      running.remove(path);
      if (failure != null && !isLost) {
        near.giveUp(path, failure);
      }
    }
  }

  private Throwable failure(Lease lease, Throwable caught) {
    // a connection is closed at the deadline, to the millisecond
    Instant closed = lease.taken().plus(settings.deadline()).minusMillis(10);
    boolean isLate = caught != null && Instant.now().isAfter(closed);
    return isLate && caught != RefreshFailed.LEASE_LOST
        ? new RefreshFailed("The refresh exceeded REFRESH_DEADLINE")
        : caught;
  }
}
