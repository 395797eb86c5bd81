package io.github.camelrestcache;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The metrics for Prometheus on the management port. */
@SuppressWarnings("try") // the handles of overrides are only closed
class MetricsTest {

  private static final Duration SOON = Duration.ofSeconds(20);

  private static GitHubStandIn github;
  private static Service service;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 5_000).build().start();
    github.addToken("s3cret-token", "robot");
    service =
        Service.start(
                github,
                Map.of(
                    "github.api.token", "s3cret-token",
                    "refresh.interval", "1s",
                    "max.forwards", "1"))
            .ready();
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  private static String metrics() {
    return service
        .send(request -> request.uri(URI.create(service.managementUrl("/observe/metrics"))))
        .body();
  }

  /** The value of the only series with this prefix. */
  private static double value(String series) {
    List<String> found = metrics().lines().filter(line -> line.startsWith(series)).toList();
    assertThat(found).as(series).hasSize(1);
    return Double.parseDouble(found.get(0).replaceFirst(".* ", ""));
  }

  private static void untilSeen(String series) {
    await().atMost(SOON).untilAsserted(() -> assertThat(metrics()).contains("\n" + series));
  }

  @Test
  void endpointsViewsAndRefreshesAreMeasured() {
    untilSeen("restcache_endpoint_age_seconds{endpoint=\"/orgs/{org}/repos\"} ");
    assertThat(value("restcache_endpoint_age_seconds{endpoint=\"/orgs/{org}/repos\"}"))
        .isBetween(0.0, 60.0);
    assertThat(value("restcache_endpoint_interval_seconds{endpoint=\"/orgs/{org}/repos\"}"))
        .isEqualTo(1);
    assertThat(value("restcache_endpoint_items{endpoint=\"/orgs/{org}/repos\"}")).isEqualTo(150);
    assertThat(value("restcache_endpoint_size_bytes{endpoint=\"/orgs/{org}/repos\"}"))
        .isGreaterThan(1000);
    assertThat(value("restcache_endpoint_holder{endpoint=\"/orgs/{org}\"}")).isEqualTo(1);
    assertThat(value("restcache_view_age_seconds{view=\"stars\"}")).isBetween(0.0, 60.0);
    double done = value("restcache_refresh_seconds_count{endpoint=\"/\",outcome=\"done\"}");
    await()
        .atMost(SOON)
        .until(
            () -> value("restcache_refresh_seconds_count{endpoint=\"/\",outcome=\"done\"}") > done);
  }

  @Test
  void failedRefreshIsCountedByOutcome() throws Exception {
    try (var handle =
        github.override(
            asked -> asked.path().equals("/orgs/Netflix/members"),
            (asked, request) -> request.response().setStatusCode(500).end())) {
      untilSeen(
          "restcache_refresh_seconds_count{endpoint=\"/orgs/{org}/members\",outcome=\"answer\"} ");
      await()
          .atMost(SOON)
          .until(() -> value("restcache_endpoint_failures{endpoint=\"/orgs/{org}/members\"}") >= 1);
    }
  }

  @Test
  void upstreamRequestsAreCountedByBudget() {
    service.get("/zen?metrics");
    untilSeen(
        "restcache_upstream_requests_total{budget=\"spent\",resource=\"core\",status=\"200\"} ");
    untilSeen(
        "restcache_upstream_requests_total{budget=\"free\",resource=\"core\",status=\"304\"} ");
    untilSeen("restcache_ratelimit_limit{credential=\"lent ");
    assertThat(value("restcache_ratelimit_limit{credential=\"lent ")).isEqualTo(5000);
    assertThat(value("restcache_ratelimit_remaining{credential=\"lent ")).isBetween(1.0, 4999.0);
    assertThat(value("restcache_ratelimit_reset_seconds{credential=\"lent "))
        .isGreaterThan(System.currentTimeMillis() / 1000.0);
    assertThat(value("restcache_redis_seconds_count{outcome=\"answered\"}")).isGreaterThan(1);
  }

  @Test
  void rateLimitIsReportedUntilReset() throws Exception {
    long reset = System.currentTimeMillis() / 1000 + 2;
    try (var handle =
        github.override(
            asked -> asked.path().equals("/x/limited"),
            (asked, request) ->
                request
                    .response()
                    .putHeader("x-ratelimit-limit", "30")
                    .putHeader("x-ratelimit-remaining", "2")
                    .putHeader("x-ratelimit-resource", "search")
                    .putHeader("x-ratelimit-reset", Long.toString(reset))
                    .end("{}"))) {
      service.get("/x/limited");
    }
    String series =
        "restcache_ratelimit_remaining\\{credential=\"lent [0-9a-f]+\",resource=\"search\"\\}";
    await().atMost(SOON).until(() -> metrics().lines().anyMatch(l -> l.matches(series + " 2.0")));
    await().atMost(SOON).until(() -> metrics().lines().noneMatch(l -> l.matches(series + ".*")));
  }

  @Test
  void forwardsInFlightAndRefusedAreCounted() throws Exception {
    java.util.concurrent.CompletableFuture<Void> go =
        new java.util.concurrent.CompletableFuture<>();
    try (var handle =
        github.override(
            asked -> asked.path().equals("/x/slow"),
            (asked, request) -> go.thenRun(() -> request.response().end("{}")))) {
      var slow = CompletableFuture.runAsync(() -> service.get("/x/slow"));
      await().atMost(SOON).until(() -> value("restcache_forwards ") == 1);
      assertThat(service.get("/x/other").statusCode()).isEqualTo(503);
      assertThat(value("restcache_forwards_refused_total ")).isGreaterThan(0);
      go.complete(null);
      slow.join();
    }
    await().atMost(SOON).until(() -> value("restcache_forwards ") == 0);
  }

  @Test
  void truncatedResponseIsNotCountedAs200() throws Exception {
    String series =
        "http_server_requests_seconds_count{cache=\"%s\",method=\"GET\",route=\"forward\",";
    try (var handle =
        github.override(
            asked -> asked.path().equals("/x/broken"),
            (asked, request) -> {
              request.response().putHeader("Content-Length", "1000000");
              request
                  .response()
                  .write("a".repeat(100_000))
                  .onComplete(sent -> request.connection().close());
            })) {
      RawHttp.request(service.port(), "GET /x/broken HTTP/1.1", "Host: a");
      untilSeen(series.formatted("miss") + "status=\"502\"} ");
    }
    try (var handle =
            github.override(
                asked -> asked.path().equals("/x/endless"),
                (asked, request) ->
                    request
                        .response()
                        .putHeader("Content-Length", "100000000")
                        .write("a".repeat(20_000_000)));
        Socket socket = new Socket("127.0.0.1", service.port())) {
      socket
          .getOutputStream()
          .write("GET /x/endless HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(US_ASCII));
      assertThat(socket.getInputStream().readNBytes(100_000)).hasSize(100_000);
      socket.setSoLinger(true, 0);
    }
    untilSeen(series.formatted("miss") + "status=\"499\"} ");
  }

  @Test
  void requestsDoNotMultiplySeries() {
    for (int i = 0; i < 50; i++) {
      service.send("X" + i, "/made/up/" + i);
      service.get("/made/up/" + i, "Authorization", "Bearer made-up-" + i);
      service.get("/view/top/" + i + "/made-up-" + i);
      RawHttp.request(service.port(), "GET /bad/" + i + " HTTP/1.1", "Host: a", "Host: b");
    }
    await()
        .atMost(SOON)
        .untilAsserted(() -> assertThat(metrics()).contains("route=\"refused\",status=\"400\""));
    assertThat(
            metrics().lines().filter(line -> line.startsWith("http_server_requests_seconds_count")))
        .hasSizeLessThan(25);
    assertThat(metrics().lines()).hasSizeLessThan(1500);
    assertThat(metrics()).doesNotContain("made/up", "made-up");
  }

  @Test
  void metricsContainNoTokens() {
    service.get("/zen", "Authorization", "Bearer another-s3cret");
    assertThat(metrics()).doesNotContain("s3cret");
  }

  @Test
  void documentListsEveryMetric() throws IOException {
    String document = Files.readString(Path.of("docs/metrics.md"));
    Set<String> described = names("`((?:restcache|http)_\\w+)", document);
    service.get("/x/404");
    await()
        .atMost(SOON)
        .untilAsserted(
            () ->
                assertThat(names("(?m)^# TYPE ((?:restcache|http)_\\w+?)(?:_max)? ", metrics()))
                    .isNotEmpty()
                    .isSubsetOf(described));
  }

  @Test
  void dashboardAndAlertsUseExistingMetrics() throws Exception {
    forwardsInFlightAndRefusedAreCounted();
    Path dashboard = Path.of("observability/grafana/dashboards/camel-rest-cache.json");
    JsonNode panels = new ObjectMapper().readTree(dashboard.toFile()).path("panels");
    assertThat(panels).isNotEmpty().allMatch(panel -> !panel.path("targets").isEmpty());
    String queries = String.join("\n", panels.findValuesAsText("expr"));
    String alerts = Files.readString(Path.of("observability/alerts.yml"));
    String name = "\\b((?:restcache|http_server|jvm|cache)_\\w+)";
    assertThat(names(name, queries)).hasSizeGreaterThan(10);
    assertThat(names(name, alerts)).hasSizeGreaterThan(5);
    assertThat(names("(?m)^(\\w+)", metrics()))
        .containsAll(names(name, queries))
        .containsAll(names(name, alerts));
  }

  private static Set<String> names(String pattern, String text) {
    return Pattern.compile(pattern)
        .matcher(text)
        .results()
        .map(found -> found.group(1))
        .collect(Collectors.toSet());
  }
}
