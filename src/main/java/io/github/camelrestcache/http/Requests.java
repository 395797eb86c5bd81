package io.github.camelrestcache.http;

import io.github.camelrestcache.base.ClientAddress;
import io.github.camelrestcache.base.InFlight;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.RequestId;
import io.github.camelrestcache.base.Settings;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.vertx.core.Future;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The requests in flight: each from its arrival until its answer is with the operating system. The
 * service does not stop before. Answered requests are metered in {@code
 * http_server_requests_seconds}, a histogram by method, route, status and cache result, and written
 * to the access log.
 */
public final class Requests {

  /** The name of the meter. */
  public static final String METER = "http.server.requests";

  /** The route tag of requests that are refused before they reach the routes. */
  static final String REFUSED = "refused";

  /** The route tag of OPTIONS requests, which do not reach the routes. */
  static final String OPTIONS = "options";

  private static final Logger ACCESS = LoggerFactory.getLogger("io.github.camelrestcache.access");
  private static final int LONGEST_PATH = 500;

  /** The status that the answer to a client that has gone away is metered as. */
  private static final int CLIENT_GONE = 499;

  private static final Logger LOG = LoggerFactory.getLogger(Requests.class);

  private static final Duration[] BUCKETS =
      Stream.of(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000)
          .map(Duration::ofMillis)
          .toArray(Duration[]::new);

  private record Series(String method, String route, int status, String cache) {}

  private final Map<Series, Timer> timers = new ConcurrentHashMap<>();
  private final AtomicInteger awaited = new AtomicInteger();
  private final CountDownLatch last = new CountDownLatch(1);
  private final MeterRegistry registry;
  private final ClientAddress addresses;
  private final boolean logs;
  private volatile boolean draining;

  /** The delay is over: new requests no longer delay the stop. */
  private volatile boolean ending;

  public Requests(Settings settings, Meters meters) {
    registry = meters.registry();
    addresses = settings.limits().addresses();
    logs = settings.accessLog();
  }

  /**
   * Answers new requests for {@code DRAIN_DELAY}, then waits until all answers are sent. Camel
   * waits for exchanges only.
   *
   * @param most how long to wait for answers
   */
  public void drain(Duration delay, Duration most) {
    LOG.info("Stopping: not ready any more, waiting for requests in flight");
    draining = true;
    try {
      TimeUnit.MILLISECONDS.sleep(delay.toMillis());
      ending = true;
      if (awaited.get() > 0 && !last.await(most.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warn("Aborting {} answers that were not sent within {} s", awaited, most.toSeconds());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether the service is stopping: not ready, but still answering. */
  public boolean isDraining() {
    return draining;
  }

  /** Starts a request. */
  Pending begin(HttpServerRequest request) {
    return new Pending(request);
  }

  /** Refuses a request that does not reach the routes. */
  void refuse(HttpServerRequest request, Problem problem) {
    Pending pending = begin(request);
    pending.end(REFUSED, RequestCheck.refuse(request, problem), null);
  }

  /** The number of answered requests by cache result. */
  public Map<String, Long> counts() {
    Map<String, Long> counts = new TreeMap<>();
    timers.forEach((series, timer) -> counts.merge(series.cache(), timer.count(), Long::sum));
    return counts;
  }

  /** Bounds the number of values: clients can send any method. */
  private static String method(String name) {
    return switch (name) {
      case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" -> name;
      default -> "other";
    };
  }

  /** Logs without the query, which may hold secrets. */
  private void log(HttpServerRequest request, Series series, long nanos) {
    String path = request.uri().replaceFirst("\\?.*", "").replaceAll("[^!-~]", "?");
    RequestId.inLog(request.response().headers().get(Server.REQUEST_ID));
    ACCESS.info(
        "{} {} {} {} {} ms for {}",
        request.method(),
        path.substring(0, Math.min(path.length(), LONGEST_PATH)),
        series.status(),
        series.cache(),
        "%.1f".formatted(nanos / 1e6),
        RequestCheck.client(request, addresses));
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

  /** The cache result of an answer, from its Cache-Status (RFC 9211), which may be null. */
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

  /** A request that is not answered yet. */
  final class Pending {

    private final HttpServerRequest request;
    private final long since = System.nanoTime();
    private final boolean delaysStop = !ending;

    private Pending(HttpServerRequest request) {
      this.request = request;
      if (delaysStop) {
        awaited.incrementAndGet();
      }
    }

    /** Closes the connection after the answer if the service is stopping; precedes the head. */
    void answering() {
      if (draining) {
        RequestCheck.isLast(request);
      }
    }

    /**
     * Meters and logs the request when its answer is sent: by default as 499 if that fails, because
     * the client went away, and as 503 if the connection was closed to free memory.
     *
     * @param route the template of a declared endpoint, or another of few names
     * @param sent fails with a {@link Problem} to be metered as its status
     * @param ticket the reservations of the request, released at the end, or null
     */
    void end(String route, Future<Void> sent, InFlight.Ticket ticket) {
      sent.onComplete(
          done -> {
            int status =
                done.succeeded()
                    ? request.response().getStatusCode()
                    : done.cause() instanceof Problem problem ? problem.status() : CLIENT_GONE;
            if (ticket != null) {
              status = done.failed() && ticket.isBroken() ? 503 : status;
              ticket.close();
            }
            if (delaysStop && awaited.decrementAndGet() == 0 && ending) {
              last.countDown();
            }
            record(route, status);
          });
    }

    private void record(String route, int status) {
      String cacheStatus = request.response().headers().get("Cache-Status");
      Series series =
          new Series(method(request.method().name()), route, status, result(cacheStatus));
      long nanos = System.nanoTime() - since;
      timers.computeIfAbsent(series, Requests.this::timer).record(nanos, TimeUnit.NANOSECONDS);
      if (logs) {
        log(request, series, nanos);
      }
    }
  }
}
