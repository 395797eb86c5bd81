package io.github.camelrestcache.refresh;

import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.store.Leases;
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

/**
 * Applies the outcome of a refresh to the next one: the rate limit stretches intervals, and
 * failures back off.
 *
 * @param reserve the share of the rate limit that refreshes leave to callers, 0 to 1
 * @param purge removes what is stored of an endpoint, on all instances
 */
public record Outcomes(
    Catalog catalog,
    Near near,
    GitHub github,
    RateLimits limits,
    double reserve,
    Leases leases,
    Schedule schedule,
    Consumer<CachedEndpoint> purge) {

  private static final Logger LOG = LoggerFactory.getLogger(Refreshes.class);
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(10);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(10);
  private static final double NEXT_TO_NOTHING = 0.01;

  /** How long to remember that a list is too heavy for pages of 100. */
  private static final Duration HEAVY = Duration.ofDays(1);

  /** How long GitHub must deny an endpoint until it counts as gone. */
  private static final Duration CONFIRMED_AFTER = Duration.ofMinutes(1);

  /** When to look again after an event that has brought no change, and once more after that. */
  private static final List<Duration> LOOKS =
      List.of(Duration.ofSeconds(20), Duration.ofSeconds(10));

  /**
   * Records how a refresh ended, while it has its lease. Logs a failure that no other endpoint has,
   * or its end.
   *
   * @param pages null if it failed before the first page
   * @param failure null if it succeeded
   */
  void note(Lease lease, Pages pages, Throwable failure) {
    CachedEndpoint endpoint = lease.endpoint();
    String path = endpoint.path();
    State before = schedule.state(path);
    int spent = pages == null ? 0 : pages.cost(github.isAuthorized());
    double average = before.cost() == 0 ? spent : (before.cost() + spent) / 2;
    double cost = average < NEXT_TO_NOTHING ? 0 : average;
    State after =
        failure == null
            ? succeeded(lease, pages, before, cost)
            : failed(lease, before, cost, failure);
    boolean isReported;
    synchronized (this) { // of two failures at a time, one is reported
      isReported = failure != null && isReported(after.reason());
      schedule.set(path, after);
    }
    if (failure == null && before.failures() > 0) {
      LOG.info("Refresh of {} succeeded again", path);
    } else if (after.isGone() && (!before.isGone() || near.entry(endpoint) != null)) {
      purge.accept(endpoint);
      LOG.warn(
          "GitHub has denied {} for a minute, so its content is removed: {}", path, after.reason());
    } else if (failure != null && !isReported) {
      warn(path, after.reason());
      LOG.debug("Refresh of {} failed", path, failure);
    }
  }

  private State succeeded(Lease lease, Pages pages, State before, double cost) {
    CachedEndpoint endpoint = lease.endpoint();
    int spent = pages.cost(github.isAuthorized());
    Limit limit = spent == 0 ? null : limits.known(github.credential());
    long seconds = Instant.now().getEpochSecond();
    Budget.Plan plan =
        Budget.plan(limit, reserve, spent, rate(endpoint, cost), endpoint.every(), seconds);
    long poll = pages.pollInterval().toMillis();
    Instant now = schedule.now();
    boolean known = before.perPage(now) == pages.perPage();
    boolean again = before.looks() > 1 && pages.areUnchanged() && github.isAuthorized();
    return new State(
        leases.me(),
        lease.began().toEpochMilli(),
        again ? now.plus(LOOKS.get(before.looks() - 2)).toEpochMilli() : 0,
        again ? before.looks() - 1 : 0,
        after(plan.pause()),
        Math.max(plan.stretch(), (double) poll / endpoint.every().toMillis()),
        Math.max(plan.spacing().toMillis(), poll),
        cost,
        0,
        null,
        pages.perPage(),
        known ? before.perPageUntil() : now.plus(HEAVY).toEpochMilli(),
        0,
        0);
  }

  /** The time after a pause, by the clock of Redis; 0 without a pause. */
  private long after(Duration pause) {
    return pause.isZero() ? 0 : schedule.now().plus(pause).toEpochMilli();
  }

  private State failed(Lease lease, State before, double cost, Throwable failure) {
    CachedEndpoint endpoint = lease.endpoint();
    Duration told = failure instanceof RefreshFailed failed ? failed.wait(Instant.now()) : null;
    // a failure for which GitHub named a time does not add to those in a row
    int inARow = told == null ? before.failures() + 1 : Math.max(1, before.failures());
    Duration pause = told == null ? pauseAfter(inARow, endpoint.every()) : told;
    int gone = before.isGone() ? before.gone() : 0; // an outage between two denials ends the first
    long now = schedule.now().toEpochMilli();
    long since = before.failures() > 0 && before.gone() != 0 ? before.goneSince() : now;
    if (failure instanceof RefreshFailed failed && failed.gone() > 0) {
      boolean confirmed = now - since >= CONFIRMED_AFTER.toMillis();
      gone = confirmed ? failed.gone() : -failed.gone();
      pause = confirmed ? pauseWhileGone(endpoint.every()) : pause;
    }
    return new State(
        leases.me(),
        lease.began().toEpochMilli(),
        0,
        0,
        after(pause),
        before.stretch(),
        before.spacing(),
        cost,
        inARow,
        Failures.sentence(failure),
        before.perPage(),
        before.perPageUntil(),
        gone,
        gone == 0 ? 0 : since);
  }

  /** Whether an endpoint has failed for the same reason already. */
  private boolean isReported(String reason) {
    return catalog.endpoints().stream()
        .map(each -> schedule.state(each.path()).reason())
        .anyMatch(other -> other != null && Failures.gist(other).equals(Failures.gist(reason)));
  }

  private void warn(String path, String reason) {
    List<String> missing = new ArrayList<>(near.missing(catalog.endpoints()));
    missing.removeIf(each -> schedule.state(each).isGone() || schedule.state(each).failures() == 0);
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
    return most.compareTo(CONFIRMED_AFTER) > 0 ? most : CONFIRMED_AFTER;
  }

  /** Requests per second of all endpoints at their declared intervals. */
  private double rate(CachedEndpoint just, double cost) {
    return catalog.endpoints().stream()
        .mapToDouble(
            each ->
                (each == just ? cost : schedule.state(each.path()).cost())
                    * 1000
                    / each.every().toMillis())
        .sum();
  }

  /** The interval, at most 10 s, doubled for each failure up to 10 minutes, with 20 % jitter. */
  static Duration pauseAfter(int inARow, Duration every) {
    Duration first = every.compareTo(FIRST_PAUSE) < 0 ? every : FIRST_PAUSE;
    double millis = first.toMillis() * Math.pow(2, Math.min(inARow - 1, 30));
    double jitter = ThreadLocalRandom.current().nextDouble(0.8, 1.2);
    return Duration.ofMillis((long) (Math.min(millis, LONGEST_PAUSE.toMillis()) * jitter));
  }
}
