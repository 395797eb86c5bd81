package io.github.camelrestcache.refresh;

import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.refresh.Leases.Lease;
import io.github.camelrestcache.store.Near;
import io.github.camelrestcache.upstream.GitHub;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;

/**
 * Applies the outcome of a refresh to the next one: the rate limit stretches intervals, and
 * failures back off.
 *
 * @param later takes updates to repeat when Redis is back
 */
record Outcomes(
    Catalog catalog,
    Near near,
    GitHub github,
    Leases leases,
    Budget budget,
    Consumer<Runnable> later) {

  private static final Logger LOG = LoggerFactory.getLogger(Refreshes.class);
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(10);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(10);

  /**
   * The end of a refresh.
   *
   * @param isNews whether to log it: no other endpoint fails like this
   * @param pause how long the endpoint backs off
   */
  record Ended(boolean isNews, Duration pause) {}

  /** Records how a refresh ended. */
  synchronized Ended note(CachedEndpoint endpoint, Lease lease, Pages pages, Throwable failure) {
    State before = leases.state(endpoint.path());
    double cost = pages == null ? 0 : pages.cost(github.isAuthorized());
    State after = before.costing(cost);
    if (failure == null) {
      double rate = rate(endpoint, after.cost());
      Budget.Plan plan = budget.plan(github.credential(), cost, rate, endpoint.every());
      release(lease, after.good(plan), plan.pause());
      return new Ended(before.failures() > 0, plan.pause());
    }
    if (failure instanceof DataAccessException) {
      // the store logs its own failures
      release(lease, after.atOnce(), Duration.ZERO);
      return new Ended(false, Duration.ZERO);
    }
    String reason = Failures.sentence(failure);
    boolean known =
        catalog.endpoints().stream()
            .map(each -> leases.state(each.path()).reason())
            .anyMatch(other -> other != null && Failures.gist(other).equals(Failures.gist(reason)));
    Duration told = failure instanceof RefreshFailed failed ? failed.wait(Instant.now()) : null;
    State failing = after.failing(reason, told != null);
    Duration pause = told == null ? pauseAfter(failing.failures(), endpoint.every()) : told;
    return new Ended(release(lease, failing, pause) && !known, pause);
  }

  /** Requests per second of all endpoints at their declared intervals. */
  private double rate(CachedEndpoint just, double cost) {
    return catalog.endpoints().stream()
        .mapToDouble(
            each ->
                (each == just ? cost : leases.state(each.path()).cost())
                    * 1000
                    / each.every().toMillis())
        .sum();
  }

  /** Gives a lease back, now or when Redis is back. */
  private boolean release(Lease lease, State state, Duration pause) {
    try {
      return leases.release(lease, state, pause);
    } catch (DataAccessException e) {
      later.accept(() -> leases.release(lease, state, pause));
      return true;
    }
  }

  void tell(String path, Throwable failure) {
    if (failure == null) {
      LOG.info("Refresh of {} succeeded again", path);
      return;
    }
    LOG.debug("Refresh of {} failed", path, failure);
    List<String> missing = near.missing(catalog.endpoints());
    LOG.warn(
        "Refresh of {} failed: {}. {}",
        path,
        Failures.sentence(failure),
        missing.isEmpty()
            ? "The stored content stays in place"
            : "Not stored yet: " + String.join(", ", missing));
  }

  /** The interval, at most 10 s, doubled for each failure up to 10 minutes, with 20 % jitter. */
  static Duration pauseAfter(int inARow, Duration every) {
    Duration first = every.compareTo(FIRST_PAUSE) < 0 ? every : FIRST_PAUSE;
    double millis = first.toMillis() * Math.pow(2, Math.min(inARow - 1, 30));
    double jitter = ThreadLocalRandom.current().nextDouble(0.8, 1.2);
    return Duration.ofMillis((long) (Math.min(millis, LONGEST_PAUSE.toMillis()) * jitter));
  }
}
