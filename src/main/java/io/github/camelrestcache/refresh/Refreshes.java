package io.github.camelrestcache.refresh;

import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.refresh.Leases.Lease;
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
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.apache.camel.Exchange;
import org.apache.camel.Header;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.Variable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;

/**
 * Refreshes endpoints when they are due, each on one instance at a time ({@link Leases}), with
 * back-off after failures.
 */
public final class Refreshes implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Refreshes.class);

  /** Events within this time cause one refresh. */
  private static final Duration EVENTS = Duration.ofSeconds(2);

  /** Milliseconds between two looks for due endpoints. */
  private static final long BEAT = 50;

  /** Nanoseconds without a beat after a lease has failed. */
  private static final long QUIET = TimeUnit.SECONDS.toNanos(1);

  private final Map<String, CompletableFuture<Boolean>> running = new ConcurrentHashMap<>();

  /** Whether a lease has failed although Redis answers. */
  private final AtomicBoolean odd = new AtomicBoolean();

  private volatile long quietUntil = System.nanoTime();

  /** When the next endpoint is due, while the endpoints and {@link Leases#news} are the same. */
  private Instant next = Instant.EPOCH;

  private Collection<CachedEndpoint> declared = List.of();

  private int news = -1;

  private final ProducerTemplate producer;
  private final ScheduledExecutorService clock = new ScheduledThreadPoolExecutor(2);
  private final RedisConnection redis;
  private final Leases leases;
  private final Near near;
  private final Catalog catalog;
  private final Outcomes outcomes;
  private final Settings.Refreshing settings;
  private final MeterRegistry meters;

  /**
   * @param purge removes what is stored of an endpoint, on all instances
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
      Consumer<CachedEndpoint> purge,
      ProducerTemplate producer,
      Meters meters) {
    this.settings = settings.refreshing();
    this.catalog = catalog;
    this.redis = redis;
    this.near = near;
    this.leases = leases;
    this.producer = producer;
    this.meters = meters.registry();
    double reserve = settings.github().rateReserve();
    outcomes = new Outcomes(catalog, near, github, limits, reserve, leases, purge);
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
            each -> leases.state(each.path()).failures())
        .gauge(
            "holder",
            null,
            "1 if this instance took the latest lease, else 0",
            each -> instances.me().equals(leases.state(each.path()).owner()) ? 1 : 0);
    clock.scheduleWithFixedDelay(this::beginDue, BEAT, BEAT, TimeUnit.MILLISECONDS);
  }

  /** The refresh of a path that is in flight here, or null. */
  CompletableFuture<Boolean> running(String path) {
    return running.get(path);
  }

  @Override
  public void close() {
    clock.shutdownNow();
  }

  /** Refreshes an endpoint if it is due; called by the timer. */
  public void refresh(@Variable("endpoint") CachedEndpoint endpoint) {
    begin(endpoint, false);
  }

  /**
   * Refreshes because of an event: with a delay, as more events may follow, and within the rate
   * limit. Without Redis, the event is kept until Redis is back.
   */
  public void soon(CachedEndpoint endpoint) {
    soon(endpoint, EVENTS);
  }

  private void soon(CachedEndpoint endpoint, Duration after) {
    try {
      leases.soon(endpoint.path(), after, false);
    } catch (DataAccessException e) {
      leases.later(() -> leases.soon(endpoint.path(), after, false));
    }
  }

  /** Refreshes the endpoints at and above the path of a write, unless GitHub has rejected it. */
  public void written(
      @Variable("request") ClientRequest request, @Header(Exchange.HTTP_RESPONSE_CODE) int status) {
    if (status >= 400) {
      return;
    }
    catalog.endpoints().stream()
        .filter(each -> each.covers(request.path()))
        .forEach(each -> soon(each, Duration.ZERO));
  }

  /**
   * Refreshes on request: regardless of earlier failures, but within the rate limit.
   *
   * @throws DataAccessException without Redis
   */
  public void now(CachedEndpoint endpoint) {
    leases.soon(endpoint.path(), Duration.ZERO, true);
  }

  /** Begins what is due, as far as this instance knows, the longest due first. */
  private void beginDue() {
    try {
      int now = leases.news();
      Collection<CachedEndpoint> all = catalog.endpoints();
      if (now == news && all == declared && next.isAfter(leases.now()) || !mayBegin()) {
        return;
      }
      news = now;
      declared = all;
      var idle = all.stream().filter(each -> !running.containsKey(each.path())).toList();
      for (Leases.Due each : leases.schedule(idle)) {
        next = each.at();
        if (next.isAfter(leases.now()) || !mayBegin()) {
          return;
        }
        begin(each.endpoint(), false);
        if (leases.isFull()) {
          return;
        }
      }
    } catch (RuntimeException | Error e) { // a full heap must not end the beat
      quietUntil = System.nanoTime() + QUIET;
      LOG.warn("Cannot begin refreshes that are due: {}", BadConfiguration.sentence(e));
    }
  }

  private boolean mayBegin() {
    return producer.getCamelContext().isStarted()
        && redis.isUp()
        && System.nanoTime() - quietUntil >= 0
        && leases.isAllTold();
  }

  /**
   * Begins a refresh, or joins the one in flight here.
   *
   * @param cold whether nothing is stored
   * @return whether it was refreshed; if not, it is not due, or another refresh has taken over
   */
  CompletableFuture<Boolean> begin(CachedEndpoint endpoint, boolean cold) {
    String path = endpoint.path();
    CompletableFuture<Boolean> mine = new CompletableFuture<>();
    CompletableFuture<Boolean> before = running.putIfAbsent(path, mine);
    if (before != null) {
      // the refresh that a cold read joins may not have been due
      return cold ? before.thenCompose(done -> done ? before : begin(endpoint, true)) : before;
    }
    try {
      Entry here = near.entry(endpoint);
      long above = here == null ? 0 : here.fence();
      Lease lease = leases.acquire(path, endpoint.every(), cold, above);
      if (lease == null) {
        end(path, false, null);
      } else {
        run(endpoint, lease);
      }
    } catch (RuntimeException | Error e) {
      quietUntil = System.nanoTime() + QUIET;
      end(path, false, e);
      if (redis.trouble() == null && odd.compareAndSet(false, true)) {
        LOG.warn("Refreshes cannot take leases: {}", BadConfiguration.sentence(e));
      }
    }
    return mine;
  }

  private void end(String path, boolean done, Throwable failure) {
    CompletableFuture<Boolean> refresh = running.remove(path);
    if (failure == null) {
      refresh.complete(done);
    } else {
      refresh.completeExceptionally(failure);
    }
  }

  private void run(CachedEndpoint endpoint, Lease lease) {
    Instant deadline = Instant.now().plus(settings.deadline());
    Timer.Sample duration = Timer.start();
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
        .thenAccept(
            exchange -> {
              renewing.cancel(false);
              Throwable failure = exchange.getException();
              if (failure != null && Instant.now().isAfter(deadline)) {
                failure = new RefreshFailed("The refresh exceeded REFRESH_DEADLINE");
              }
              if (failure == null && exchange.getMessage().getBody() == null) {
                failure = new LeaseLost(); // the store has refused the entry
              }
              boolean lost = failure instanceof LeaseLost;
              duration.stop(
                  Timer.builder("restcache.refresh")
                      .description("Refreshes by this instance, each with all pages")
                      .tag("endpoint", endpoint.template())
                      .tag("outcome", failure == null ? "done" : Failures.word(failure))
                      .register(meters));
              try {
                if (!lost) {
                  Pages pages = exchange.getVariable("pages", Pages.class);
                  outcomes.note(endpoint, lease, pages, failure);
                }
              } finally {
                end(endpoint.path(), !lost, lost ? null : failure);
              }
            });
  }

  private void renew(Lease lease) {
    try {
      leases.renew(lease);
    } catch (DataAccessException e) {
      LOG.debug("The lease of {} may expire: Redis does not answer", lease.path());
    }
  }
}
