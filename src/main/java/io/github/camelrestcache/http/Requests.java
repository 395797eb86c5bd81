package io.github.camelrestcache.http;

import io.github.camelrestcache.base.ClientAddress;
import io.github.camelrestcache.base.InFlight;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.RequestId;
import io.github.camelrestcache.base.Settings;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.vertx.core.AsyncResult;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The requests that are being answered, in whatever way, each from when it came until its answer is
 * with the operating system. They are all answered before the service stops. When that is done they
 * are metered, {@code http_server_requests_seconds}, a histogram by method, route, status and what
 * the cache had to do with it, and logged, if that is wanted.
 */
public final class Requests {

  /** The name of the meter. */
  public static final String METER = "http.server.requests";

  /** The route of what is refused before the routes. */
  static final String REFUSED = "refused";

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
  public record Begun(long nanos, AtomicBoolean awaited) {}

  private record Series(String method, String route, int status, String cache) {}

  private final Map<Series, Timer> timers = new ConcurrentHashMap<>();
  private final AtomicInteger awaited = new AtomicInteger();
  private final CountDownLatch last = new CountDownLatch(1);
  private final MeterRegistry registry;
  private final ClientAddress addresses;
  private final Level access;
  private volatile boolean leaving;
  private volatile boolean draining;

  public Requests(Settings settings, Meters meters) {
    registry = meters.registry();
    addresses = settings.limits().addresses();
    access = settings.accessLog() ? Level.INFO : Level.DEBUG;
  }

  /**
   * Answers new requests for a while, and then waits until all answers are sent. Camel waits for
   * exchanges, but not until their answers are sent.
   *
   * @param delay the value of {@code DRAIN_DELAY}
   * @param most how long to wait for answers
   */
  public void drain(Duration delay, Duration most) {
    LOG.info("Not ready from now on: the service ends when the requests in flight are answered");
    leaving = true;
    try {
      TimeUnit.MILLISECONDS.sleep(delay.toMillis());
      draining = true;
      if (awaited.get() > 0 && !last.await(most.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warn(
            "{} answers were not sent within {} s and are broken off", awaited, most.toSeconds());
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
    return new Begun(System.nanoTime(), new AtomicBoolean(inTime));
  }

  /** A request is over, and is not metered. */
  public void forget(Begun begun) {
    if (begun.awaited().getAndSet(false) && awaited.decrementAndGet() == 0 && draining) {
      last.countDown();
    }
  }

  /**
   * The status that an answer is counted as: its own, or 499 if the client went away before it was
   * sent, or 503 if it was broken off to make room.
   *
   * @param ticket of the request, or null
   */
  static int status(HttpServerRequest request, AsyncResult<Void> sent, InFlight.Ticket ticket) {
    if (sent.succeeded()) {
      return request.response().getStatusCode();
    }
    return ticket != null && ticket.isBroken() ? 503 : 499;
  }

  /**
   * A request was answered.
   *
   * @param route one of few: the template of a declared endpoint, or a name
   * @param status what it is counted as
   */
  void end(Begun begun, HttpServerRequest request, String route, int status) {
    forget(begun);
    String cacheStatus = request.response().headers().get("Cache-Status");
    Series series = new Series(method(request.method().name()), route, status, result(cacheStatus));
    long nanos = System.nanoTime() - begun.nanos();
    timers.computeIfAbsent(series, this::timer).record(nanos, TimeUnit.NANOSECONDS);
    if (ACCESS.isEnabledForLevel(access)) {
      log(request, series, nanos);
    }
  }

  /** Refuses a request that the routes do not get. */
  void refuse(HttpServerRequest request, Problem problem) {
    Begun begun = begin();
    RequestCheck.refuse(request, problem)
        .onComplete(done -> end(begun, request, REFUSED, problem.status()));
  }

  /** How many requests were answered, by what the cache had to do with them. */
  public Map<String, Long> counts() {
    Map<String, Long> counts = new TreeMap<>();
    timers.forEach((series, timer) -> counts.merge(series.cache(), timer.count(), Long::sum));
    return counts;
  }

  /** One of few, whatever clients send. */
  private static String method(String name) {
    return switch (name) {
      case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" -> name;
      default -> "other";
    };
  }

  /** Without the query, which may hold secrets. */
  private void log(HttpServerRequest request, Series series, long nanos) {
    String path = request.uri().replaceFirst("\\?.*", "").replaceAll("[^!-~]", "?");
    RequestId.inLog(request.response().headers().get(Server.REQUEST_ID));
    ACCESS
        .atLevel(access)
        .log(
            "{} {} {} {} {} ms for {}",
            request.method(),
            path.substring(0, Math.min(path.length(), LONGEST_PATH)),
            series.status(),
            series.cache(),
            "%.1f".formatted(nanos / 1e6),
            addresses.of(
                request.remoteAddress().hostAddress(),
                String.join(",", request.headers().getAll("X-Forwarded-For"))));
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
  static String result(String status) {
    if (status == null) {
      return "none";
    }
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
