package io.github.camelrestcache.http;

import io.github.camelrestcache.ContextBean;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.camel.BindToRegistry;

/**
 * How many requests were answered, and how long that took: {@code http_server_requests_seconds}, a
 * histogram by method, route, status and what the cache had to do with it. However it is answered,
 * a request is noted once, when its answer is with the operating system.
 */
@BindToRegistry("requestMeters")
public class RequestMeters extends ContextBean {

  /** The route of all that is forwarded. */
  public static final String FORWARD = "forward";

  /** The route of all views. */
  public static final String VIEW = "/view/{order}/{n}/{view}";

  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

  private static final Duration[] BUCKETS =
      Stream.of(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000)
          .map(Duration::ofMillis)
          .toArray(Duration[]::new);

  private record Series(String method, String route, int status, String cache) {}

  private final Map<Series, Timer> timers = new ConcurrentHashMap<>();
  private MeterRegistry registry;

  @Override
  protected void wire() {
    registry = bean(MeterRegistry.class);
  }

  /**
   * Notes that a request was answered.
   *
   * @param route one of few: the path of a declared endpoint, or a template
   * @param began by {@link System#nanoTime()}
   */
  public void note(HttpServerRequest request, String route, long began) {
    if (registry == null) {
      return;
    }
    String method = request.method().name();
    HttpServerResponse response = request.response();
    Series series =
        new Series(
            METHODS.contains(method) ? method : "other",
            route,
            response.getStatusCode(),
            result(response.headers().get("Cache-Status")));
    timers.computeIfAbsent(series, this::timer).record(Duration.ofNanos(System.nanoTime() - began));
  }

  private Timer timer(Series series) {
    return Timer.builder("http.server.requests")
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
    } else if (status.contains("detail=stale")) {
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
