package io.github.camelrestcache.refresh;

import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.RequestId;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.refresh.Leases.Lease;
import io.github.camelrestcache.refresh.Leases.Turn;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Near;
import io.github.camelrestcache.store.RedisConnection;
import io.github.camelrestcache.upstream.GitHub;
import io.github.camelrestcache.upstream.RateLimits;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.ToDoubleFunction;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.Variable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;

/**
 * Has endpoints refreshed when they are due, by one of all instances at a time ({@link Leases}),
 * with growing pauses after failures.
 */
public final class Refreshes implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Refreshes.class);
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(10);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(10);

  /** Events within this time are met by one refresh. */
  private static final Duration EVENTS = Duration.ofSeconds(2);

  private final Map<String, CompletableFuture<Boolean>> running = new ConcurrentHashMap<>();
  private final Map<String, ScheduledFuture<?>> waking = new ConcurrentHashMap<>();

  /** What Redis could not be told of: ends of refreshes, and events. */
  private final Queue<Runnable> untold = new ConcurrentLinkedQueue<>();

  /** Whether Redis, which answers, has refused what a lease needs. */
  private final AtomicBoolean odd = new AtomicBoolean();

  private final ProducerTemplate producer;
  private final ExecutorService waiters = Executors.newFixedThreadPool(8);
  private final ScheduledExecutorService clock = new ScheduledThreadPoolExecutor(2);
  private final RedisConnection redis;
  private final Leases leases;
  private final Near near;
  private final Catalog catalog;
  private final GitHub github;
  private final Budget budget;
  private final Settings.Refreshing settings;
  private final MeterRegistry meters;

  /**
   * @param producer sends to the route {@code fetch}
   */
  public Refreshes(
      Settings settings,
      Catalog catalog,
      RedisConnection redis,
      Near near,
      GitHub github,
      RateLimits limits,
      Leases leases,
      Instances instances,
      ProducerTemplate producer,
      Meters meters) {
    this.settings = settings.refreshing();
    this.catalog = catalog;
    this.redis = redis;
    this.near = near;
    this.github = github;
    this.leases = leases;
    this.producer = producer;
    this.meters = meters.registry();
    budget = new Budget(limits, settings.github().rateReserve());
    gauge(
        meters,
        "interval",
        "seconds",
        "The time between two refreshes",
        endpoint -> endpoint.every().toMillis() / 1000.0);
    gauge(
        meters,
        "failures",
        null,
        "Refreshes that have failed in a row, of any instance",
        endpoint -> failures(endpoint.path()));
    gauge(
        meters,
        "holder",
        null,
        "Whether this instance took the latest lease of it",
        endpoint -> instances.me().equals(leases.holder(endpoint.path())) ? 1 : 0);
  }

  private void gauge(
      Meters meters,
      String name,
      String unit,
      String description,
      ToDoubleFunction<CachedEndpoint> value) {
    meters.each(
        "endpoint." + name,
        unit,
        description,
        catalog::endpoints,
        endpoint -> Tags.of("endpoint", endpoint.template()),
        value);
  }

  /** Ends the threads. */
  @Override
  public void close() {
    waiters.shutdownNow();
    clock.shutdownNow();
  }

  /** Refreshes for the timer, if the endpoint is due: if not, as soon as it is. */
  public CompletableFuture<Void> refresh(@Variable("endpoint") CachedEndpoint endpoint) {
    return begin(endpoint, false).handle((done, failure) -> null);
  }

  /**
   * Refreshes because of an event: after a while, for more events may follow, and no sooner than
   * the rate limit allows. Without Redis, when that is back.
   */
  public void soon(CachedEndpoint endpoint) {
    try {
      soon(endpoint, EVENTS, false);
    } catch (DataAccessException e) {
      untold.add(() -> leases.soon(endpoint.path(), EVENTS, false));
    }
  }

  /**
   * Refreshes because somebody wants it now, whatever failed before, but no sooner than the rate
   * limit allows.
   *
   * @throws DataAccessException without Redis
   */
  public void now(CachedEndpoint endpoint) {
    soon(endpoint, Duration.ZERO, true);
  }

  private void soon(CachedEndpoint endpoint, Duration wait, boolean atOnce) {
    leases.soon(endpoint.path(), wait, atOnce);
    wake(endpoint, wait);
  }

  /** Looks what other instances have done, and begins what is due. */
  public void look() {
    leases.look();
    for (Runnable end = untold.peek(); end != null; end = untold.peek()) {
      end.run();
      untold.remove(end);
    }
    for (CachedEndpoint endpoint : catalog.endpoints()) {
      State state = leases.state(endpoint.path());
      if (state.failures() > 0 && pause(endpoint).compareTo(Duration.ZERO) > 0) {
        near.giveUp(endpoint.path(), new RefreshFailed(state.reason()));
      }
      if (!state.due(endpoint.every()).isAfter(leases.now())) {
        begin(endpoint, false);
      }
    }
  }

  /**
   * Refreshes for a caller who found nothing stored. It holds no thread while it waits.
   *
   * @return how the caller's request was met, in the words of RFC 9211
   * @throws Problem 503, at once while the endpoint backs off, or when it failed or takes too long
   */
  public CompletableFuture<String> await(
      @Variable("request") ClientRequest request, @Variable("endpoint") CachedEndpoint endpoint) {
    String path = endpoint.path();
    CompletableFuture<Boolean> others = running.get(path);
    State state = leases.state(path);
    if (others == null && state.failures() > 0 && !pause(endpoint).isZero()) {
      throw notReady(path, state.reason(), pause(endpoint));
    }
    return begin(endpoint, true)
        // what was joined may not have been due for its timer
        .thenCompose(done -> done || others == null ? completed(done) : begin(endpoint, true))
        .thenCompose(done -> done ? completed(true) : arrival(endpoint))
        .orTimeout(settings.coldWait().toMillis(), TimeUnit.MILLISECONDS)
        .handleAsync(
            (done, failure) -> {
              RequestId.inLog(request.id());
              if (failure != null) {
                throw notReady(path, Failures.sentence(failure), pause(endpoint));
              }
              return "fwd=uri-miss; fwd-status=200; "
                  + (done && others == null ? "stored" : "collapsed");
            },
            waiters);
  }

  /** Is completed when it is here, by another's refresh. */
  private CompletableFuture<Boolean> arrival(CachedEndpoint endpoint) {
    CompletableFuture<Boolean> arrival = near.arrival(endpoint.path()).thenApply(arrived -> false);
    return near.entry(endpoint) == null ? arrival : completed(false);
  }

  private static CompletableFuture<Boolean> completed(boolean done) {
    return CompletableFuture.completedFuture(done);
  }

  private static Problem notReady(String path, String reason, Duration wait) {
    return new Problem(
            503,
            "Not ready",
            "%s is not stored yet. %s. Try again after the time in Retry-After."
                .formatted(path, reason.replaceAll("\\.$", "")))
        .retryAfter(wait);
  }

  /**
   * Begins to refresh, or joins the refresh that is under way here.
   *
   * @param cold whether nothing is stored
   * @return whether it was refreshed: if not, it is not due, or another instance is at it
   */
  private CompletableFuture<Boolean> begin(CachedEndpoint endpoint, boolean cold) {
    String path = endpoint.path();
    CompletableFuture<Boolean> mine = new CompletableFuture<>();
    CompletableFuture<Boolean> before = running.putIfAbsent(path, mine);
    if (before != null) {
      return before;
    }
    try {
      Entry here = near.entry(endpoint);
      long above = here == null ? 0 : here.fence();
      Turn turn = leases.acquire(path, endpoint.every(), cold, above);
      if (turn.lease() == null) {
        running.remove(path);
        mine.complete(false);
        wake(endpoint, turn.pause());
      } else {
        run(endpoint, turn.lease(), mine);
      }
    } catch (RuntimeException e) {
      running.remove(path);
      mine.completeExceptionally(e);
      if (redis.trouble() == null && odd.compareAndSet(false, true)) {
        LOG.warn("Nothing is refreshed: {}", BadConfiguration.sentence(e));
      }
    }
    return mine;
  }

  /** Tries again later, if not sooner. */
  private void wake(CachedEndpoint endpoint, Duration wait) {
    waking.compute(
        endpoint.path(),
        (path, set) -> {
          boolean sooner =
              set != null
                  && !set.isDone()
                  && set.getDelay(TimeUnit.MILLISECONDS) <= wait.toMillis();
          if (sooner) {
            return set;
          }
          if (set != null) {
            set.cancel(false);
          }
          return clock.schedule(
              () -> {
                waking.remove(path);
                CachedEndpoint declared = catalog.endpoint(path);
                return declared == null ? null : begin(declared, false);
              },
              wait.toMillis(),
              TimeUnit.MILLISECONDS);
        });
  }

  private void run(CachedEndpoint endpoint, Lease lease, CompletableFuture<Boolean> mine) {
    Instant deadline = Instant.now().plus(settings.deadline());
    long began = System.nanoTime();
    long renewal = leases.renewal().toMillis();
    ScheduledFuture<?> renewing =
        clock.scheduleAtFixedRate(() -> renew(lease), renewal, renewal, TimeUnit.MILLISECONDS);
    producer
        .asyncSend(
            "direct:fetch",
            exchange -> {
              exchange.setVariable("endpoint", endpoint);
              exchange.setVariable("lease", lease);
              exchange.setVariable("deadline", deadline);
            })
        .whenComplete(
            (exchange, thrown) -> {
              renewing.cancel(false);
              Throwable failure = thrown != null ? thrown : exchange.getException();
              if (failure != null && Instant.now().isAfter(deadline)) {
                failure = RefreshFailed.late();
              }
              Timer.builder("restcache.refresh")
                  .description("Refreshes by this instance, all pages of each")
                  .tag("endpoint", endpoint.template())
                  .tag("outcome", failure == null ? "done" : Failures.word(failure))
                  .register(meters)
                  .record(System.nanoTime() - began, TimeUnit.NANOSECONDS);
              Pages pages = exchange == null ? null : exchange.getVariable("pages", Pages.class);
              boolean news = false;
              try {
                news = note(endpoint, lease, pages, failure);
              } catch (RuntimeException e) {
                failure = e;
              }
              running.remove(endpoint.path());
              if (failure == null) {
                mine.complete(true);
              } else {
                mine.completeExceptionally(failure);
              }
              if (news) {
                tell(endpoint.path(), failure);
              }
            });
  }

  private void renew(Lease lease) {
    try {
      leases.renew(lease);
    } catch (DataAccessException e) {
      LOG.debug("The lease of {} may end, for Redis does not answer", lease.path());
    }
  }

  /** Remembers how a refresh ended; true if that is news: no other endpoint fails like this. */
  private synchronized boolean note(
      CachedEndpoint endpoint, Lease lease, Pages pages, Throwable failure) {
    State before = leases.state(endpoint.path());
    double cost = pages == null ? 0 : pages.cost(github.isAuthorized());
    State after = before.costing(cost);
    if (failure == null) {
      double rate = rate(endpoint, after.cost());
      Budget.Plan plan = budget.plan(github.credential(), cost, rate, endpoint.every());
      release(lease, after.good(plan), plan.pause());
      return before.failures() > 0;
    }
    if (failure instanceof DataAccessException) {
      // the store tells itself what it suffers from
      release(lease, after.atOnce(), Duration.ZERO);
      return false;
    }
    String reason = Failures.sentence(failure);
    boolean known =
        catalog.endpoints().stream()
            .map(each -> leases.state(each.path()).reason())
            .anyMatch(other -> other != null && Failures.gist(other).equals(Failures.gist(reason)));
    Duration told = failure instanceof RefreshFailed failed ? failed.wait(Instant.now()) : null;
    State failing = after.failing(reason, told != null);
    Duration pause = told == null ? pauseAfter(failing.failures(), endpoint.every()) : told;
    boolean mine = release(lease, failing, pause);
    wake(endpoint, pause);
    return mine && !known;
  }

  /** What all endpoints would take of the rate limit in a second, at their own intervals. */
  private double rate(CachedEndpoint just, double cost) {
    return catalog.endpoints().stream()
        .mapToDouble(
            each ->
                (each == just ? cost : leases.state(each.path()).cost())
                    * 1000
                    / each.every().toMillis())
        .sum();
  }

  /** Gives a lease back, when Redis is there again if it is not. */
  private boolean release(Lease lease, State state, Duration pause) {
    try {
      return leases.release(lease, state, pause);
    } catch (DataAccessException e) {
      untold.add(() -> leases.release(lease, state, pause));
      return true;
    }
  }

  private void tell(String path, Throwable failure) {
    if (failure == null) {
      LOG.info("{} is refreshed again", path);
      return;
    }
    LOG.debug("{} is not refreshed", path, failure);
    List<String> missing = near.missing(catalog.endpoints());
    LOG.warn(
        "{} is not refreshed: {}. {}",
        path,
        Failures.sentence(failure),
        missing.isEmpty()
            ? "What is stored stays in place"
            : "Not stored yet: " + String.join(", ", missing));
  }

  /** From the interval, but at most 10 s, doubling up to 10 minutes, a fifth more or less. */
  static Duration pauseAfter(int inARow, Duration every) {
    Duration first = every.compareTo(FIRST_PAUSE) < 0 ? every : FIRST_PAUSE;
    double millis = first.toMillis() * Math.pow(2, Math.min(inARow - 1, 30));
    double jitter = ThreadLocalRandom.current().nextDouble(0.8, 1.2);
    return Duration.ofMillis((long) (Math.min(millis, LONGEST_PAUSE.toMillis()) * jitter));
  }

  /** How long an endpoint still backs off; zero when it does not. */
  public Duration pause(CachedEndpoint endpoint) {
    Instant notBefore = Instant.ofEpochMilli(leases.state(endpoint.path()).notBefore());
    Duration left = Duration.between(leases.now(), notBefore);
    return left.isNegative() ? Duration.ZERO : left;
  }

  /** By how much GitHub's rate limit stretches the interval of an endpoint, 1 or more. */
  public double stretch(CachedEndpoint endpoint) {
    return leases.state(endpoint.path()).stretch();
  }

  /** What failed last at this path, in a sentence, or null when the last refresh was good. */
  public String failure(String path) {
    return leases.state(path).reason();
  }

  /** How many refreshes have failed in a row at this path, of any instance. */
  public int failures(String path) {
    return leases.state(path).failures();
  }
}
