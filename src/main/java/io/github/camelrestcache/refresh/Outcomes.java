package io.github.camelrestcache.refresh;

import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.refresh.Leases.Lease;
import io.github.camelrestcache.refresh.State.Result;
import io.github.camelrestcache.store.Near;
import io.github.camelrestcache.upstream.GitHub;
import io.github.camelrestcache.upstream.Limit;
import io.github.camelrestcache.upstream.RateLimits;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
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
 * @param reserve the share of the rate limit that refreshes leave to callers, 0 to 1
 * @param purge removes what is stored of an endpoint, on all instances
 */
record Outcomes(
    Catalog catalog,
    Near near,
    GitHub github,
    RateLimits limits,
    double reserve,
    Leases leases,
    Consumer<CachedEndpoint> purge) {

  private static final Logger LOG = LoggerFactory.getLogger(Refreshes.class);
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(10);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(10);
  private static final double NEXT_TO_NOTHING = 0.01;

  /** How long to remember that a list is too heavy for pages of 100. */
  private static final Duration HEAVY = Duration.ofDays(1);

  /** How long GitHub must deny an endpoint until it counts as gone. */
  private static final Duration CONFIRMED_AFTER = Duration.ofMinutes(1);

  /**
   * Records how a refresh ended, and logs a failure that no other endpoint has, or its end.
   *
   * @param pages null if it failed before the first page
   * @param failure null if it succeeded
   */
  synchronized void note(CachedEndpoint endpoint, Lease lease, Pages pages, Throwable failure) {
    String path = endpoint.path();
    State before = leases.state(path);
    int spent = pages == null ? 0 : pages.cost(github.isAuthorized());
    double average = before.cost() == 0 ? spent : (before.cost() + spent) / 2;
    double cost = average < NEXT_TO_NOTHING ? 0 : average;
    if (failure == null) {
      succeeded(endpoint, lease, pages, before, cost);
    } else if (failure instanceof DataAccessException) {
      // the store logs its own failures
      Result result =
          failed(
              before, cost, before.failures(), before.reason(), before.gone(), before.goneSince());
      release(lease, result, Duration.ZERO, false, () -> {});
      leases.later(() -> leases.soon(path, Duration.ZERO, false));
    } else {
      failed(endpoint, lease, before, cost, failure);
    }
  }

  private void succeeded(
      CachedEndpoint endpoint, Lease lease, Pages pages, State before, double cost) {
    int spent = pages.cost(github.isAuthorized());
    Limit limit = spent == 0 ? null : limits.known(github.credential());
    long now = Instant.now().getEpochSecond();
    Budget.Plan plan =
        Budget.plan(limit, reserve, spent, rate(endpoint, cost), endpoint.every(), now);
    long poll = pages.pollInterval().toMillis();
    boolean known = before.perPage(leases.now()) == pages.perPage();
    Result result =
        new Result(
            Math.max(plan.stretch(), (double) poll / endpoint.every().toMillis()),
            Math.max(plan.spacing().toMillis(), poll),
            cost,
            0,
            null,
            pages.perPage(),
            known ? before.perPageUntil() : leases.now().plus(HEAVY).toEpochMilli(),
            0,
            0);
    boolean again = pages.areUnchanged() && github.isAuthorized();
    release(
        lease,
        result,
        plan.pause(),
        again,
        () -> {
          if (before.failures() > 0) {
            LOG.info("Refresh of {} succeeded again", lease.path());
          }
        });
  }

  private void failed(
      CachedEndpoint endpoint, Lease lease, State before, double cost, Throwable failure) {
    String path = lease.path();
    String reason = Failures.sentence(failure);
    boolean logged =
        catalog.endpoints().stream()
            .map(each -> leases.state(each.path()).reason())
            .anyMatch(other -> other != null && Failures.gist(other).equals(Failures.gist(reason)));
    Duration told = failure instanceof RefreshFailed failed ? failed.wait(Instant.now()) : null;
    // a failure for which GitHub named a time does not add to those in a row
    int inARow = told == null ? before.failures() + 1 : Math.max(1, before.failures());
    Duration pause = told == null ? pauseAfter(inARow, endpoint.every()) : told;
    int gone = before.isGone() ? before.gone() : 0; // an outage between two denials ends the first
    long now = leases.now().toEpochMilli();
    long since = before.failures() > 0 && before.gone() != 0 ? before.goneSince() : now;
    if (failure instanceof RefreshFailed failed && failed.gone() > 0) {
      boolean confirmed = now - since >= CONFIRMED_AFTER.toMillis();
      gone = confirmed ? failed.gone() : -failed.gone();
      pause = confirmed ? pauseWhileGone(endpoint.every()) : pause;
    }
    boolean isGone = gone > 0;
    Result result = failed(before, cost, inARow, reason, gone, gone == 0 ? 0 : since);
    release(
        lease,
        result,
        pause,
        false,
        () -> {
          if (isGone && (!before.isGone() || near.entry(endpoint) != null)) {
            purge.accept(endpoint);
            LOG.warn("GitHub has denied {} for a minute ({}): it is not kept", path, reason);
          } else if (!logged) {
            warn(path, reason);
            LOG.debug("Refresh of {} failed", path, failure);
          }
        });
  }

  private void warn(String path, String reason) {
    List<String> missing = new ArrayList<>(near.missing(catalog.endpoints()));
    missing.removeIf(each -> leases.state(each).isGone() || leases.state(each).failures() == 0);
    LOG.warn(
        "Refresh of {} failed: {}. {}",
        path,
        reason,
        missing.isEmpty()
            ? "The stored content stays in place"
            : "Not stored yet: " + String.join(", ", missing));
  }

  private static Duration pauseWhileGone(Duration every) {
    Duration most = every.compareTo(LONGEST_PAUSE) < 0 ? every : LONGEST_PAUSE;
    return longer(most, CONFIRMED_AFTER);
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) > 0 ? one : other;
  }

  private static Result failed(
      State before, double cost, int inARow, String reason, int gone, long goneSince) {
    return new Result(
        before.stretch(),
        before.spacing(),
        cost,
        inARow,
        reason,
        before.perPage(),
        before.perPageUntil(),
        gone,
        goneSince);
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

  /**
   * Gives a lease back, now or when Redis is back.
   *
   * @param then what to do if no newer one has been granted
   */
  private void release(Lease lease, Result result, Duration pause, boolean again, Runnable then) {
    Runnable release =
        () -> {
          if (leases.release(lease, result, pause, again)) {
            then.run();
          }
        };
    try {
      release.run();
    } catch (DataAccessException e) {
      leases.later(release);
    }
  }

  /** The interval, at most 10 s, doubled for each failure up to 10 minutes, with 20 % jitter. */
  static Duration pauseAfter(int inARow, Duration every) {
    Duration first = every.compareTo(FIRST_PAUSE) < 0 ? every : FIRST_PAUSE;
    double millis = first.toMillis() * Math.pow(2, Math.min(inARow - 1, 30));
    double jitter = ThreadLocalRandom.current().nextDouble(0.8, 1.2);
    return Duration.ofMillis((long) (Math.min(millis, LONGEST_PAUSE.toMillis()) * jitter));
  }
}
