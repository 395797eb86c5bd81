package io.github.camelrestcache.http;

import io.github.camelrestcache.ContextBean;
import io.github.camelrestcache.Meters;
import io.github.camelrestcache.Settings;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.net.SocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.camel.BindToRegistry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The requests that are being answered, in whatever way, each from when it came until its answer is
 * with the operating system. They are all answered before the service stops. When that is done they
 * are metered, {@code http_server_requests_seconds}, a histogram by method, route, status and what
 * the cache had to do with it, and logged, if that is wanted.
 */
@BindToRegistry("requests")
public class Requests extends ContextBean {

  /** The name of the meter. */
  public static final String METER = "http.server.requests";

  /** The route of all that is forwarded. */
  public static final String FORWARD = "forward";

  /** The route of what is refused before the routes. */
  static final String REFUSED = "refused";

  /** The route of all views. */
  public static final String VIEW = "/view/{order}/{n}/{view}";

  private static final Logger ACCESS = LoggerFactory.getLogger("io.github.camelrestcache.access");
  private static final int LONGEST_PATH = 500;
  private static final Logger LOG = LoggerFactory.getLogger(Requests.class);

  private static final Duration[] BUCKETS =
      Stream.of(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000)
          .map(Duration::ofMillis)
          .toArray(Duration[]::new);

  /**
   * A request that has come.
   *
   * @param nanos when, by {@link System#nanoTime()}
   * @param awaited whether the service stops no sooner
   */
  public record Begun(long nanos, boolean awaited) {}

  private record Series(String method, String route, int status, String cache) {}

  private final Map<Series, Timer> timers = new ConcurrentHashMap<>();
  private final AtomicInteger awaited = new AtomicInteger();
  private CountDownLatch last;
  private volatile boolean leaving;
  private volatile boolean draining;
  private MeterRegistry registry;
  private Level access = Level.DEBUG;

  @Override
  protected void wire() {
    registry = Meters.of(context);
    last = new CountDownLatch(1);
    leaving = false;
    draining = false;
    access = Settings.get(context, "access.log").equals("true") ? Level.INFO : Level.DEBUG;
  }

  /**
   * Answers for {@code DRAIN_DELAY} whoever has not noticed yet that the service is not ready, and
   * then waits for all that has begun. Camel waits for exchanges, but not until they are sent.
   */
  @Override
  protected void drain() {
    Duration delay = Settings.time(context, "drain.delay");
    LOG.info("Not ready from now on: the service ends when what is under way is answered");
    leaving = true;
    long most = context.getShutdownStrategy().getTimeout();
    try {
      TimeUnit.MILLISECONDS.sleep(delay.toMillis());
      draining = true;
      if (awaited.get() > 0 && !last.await(most, TimeUnit.SECONDS)) {
        LOG.warn("{} answers were not sent in {} s, and are broken off", awaited, most);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether the service has begun to stop: it is not ready, and answers what is there. */
  public boolean isDraining() {
    return leaving;
  }

  /** A request has come. */
  public Begun begin() {
    boolean inTime = !draining;
    if (inTime) {
      awaited.incrementAndGet();
    }
    return new Begun(System.nanoTime(), inTime);
  }

  /** A request is over, and is not metered. */
  public void forget(Begun begun) {
    if (begun.awaited() && awaited.decrementAndGet() == 0 && draining) {
      last.countDown();
    }
  }

  /**
   * A request that has been answered.
   *
   * @param id what it is called
   * @param method as sent
   * @param target as sent
   * @param client where it came from
   * @param status of the answer
   * @param cacheStatus the value of its {@code Cache-Status}, or null
   */
  record Answered(
      String id,
      String method,
      String target,
      SocketAddress client,
      int status,
      CharSequence cacheStatus) {

    static Answered of(HttpServerRequest request) {
      HttpServerResponse response = request.response();
      return new Answered(
          RequestId.of(request),
          request.method().name(),
          request.uri(),
          request.remoteAddress(),
          response.getStatusCode(),
          response.headers().get(AgeFields.CACHE_STATUS));
    }
  }

  /**
   * A request was answered.
   *
   * @param route one of few: the template of a declared endpoint, or one of those here
   */
  void end(Begun begun, Answered request, String route) {
    forget(begun);
    if (registry == null) {
      return;
    }
    Series series =
        new Series(
            method(request.method()), route, request.status(), result(request.cacheStatus()));
    long nanos = System.nanoTime() - begun.nanos();
    timers.computeIfAbsent(series, this::timer).record(nanos, TimeUnit.NANOSECONDS);
    if (ACCESS.isEnabledForLevel(access)) {
      log(request, series, nanos);
    }
  }

  /** One of few, whatever clients send. */
  private static String method(String name) {
    return switch (name) {
      case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" -> name;
      default -> "other";
    };
  }

  /** Without the query, which may hold secrets. */
  private void log(Answered request, Series series, long nanos) {
    String path = request.target().replaceFirst("\\?.*", "").replaceAll("[^!-~]", "?");
    RequestId.inLog(request.id());
    ACCESS
        .atLevel(access)
        .log(
            "{} {} {} {} {} ms for {}",
            request.method(),
            path.substring(0, Math.min(path.length(), LONGEST_PATH)),
            series.status(),
            series.cache(),
            "%.1f".formatted(nanos / 1e6),
            request.client().hostAddress());
    RequestId.inLog(null);
  }

  private Timer timer(Series series) {
    return Timer.builder(METER)
        .description("Requests that were answered")
        .tag("method", series.method())
        .tag("route", series.route())
        .tag("status", Integer.toString(series.status()))
        .tag("cache", series.cache())
        .serviceLevelObjectives(BUCKETS)
        .register(registry);
  }

  /** What the cache had to do with an answer, of its Cache-Status (RFC 9211). */
  static String result(CharSequence cacheStatus) {
    if (cacheStatus == null) {
      return "none";
    }
    String status = cacheStatus.toString();
    if (status.contains("detail=stale")) {
      return "stale";
    } else if (status.contains("; hit")) {
      return "hit";
    } else if (status.contains("; collapsed")) {
      return "coalesced";
    } else if (status.contains("fwd=stale; fwd-status=304")
        || status.contains("fwd=request; fwd-status=304")) {
      return "revalidated";
    } else if (status.contains("fwd=bypass") || status.contains("fwd=method")) {
      return "bypass";
    }
    return status.contains("fwd=") ? "miss" : "none";
  }
}
