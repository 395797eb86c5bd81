package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pages of other origins may call the service, as they may call GitHub. */
class CorsTest {

  private static final String KEPT = "/orgs/Netflix/repos?per_page=2";
  private static final String FORWARDED = "/repos/Netflix/zuul";

  private static GitHubStandIn github;
  private static Service service;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().build().start();
    service = Service.start(github, Map.of("github.webhook.secret", WebhookTest.SECRET)).ready();
    github.override(
        asked -> asked.path().startsWith("/cors"),
        (asked, request) ->
            request
                .response()
                .setStatusCode(asked.path().equals("/cors/error") ? 500 : 200)
                .putHeader("ETag", "\"a\"")
                .putHeader("Cache-Control", "max-age=60")
                .putHeader("Access-Control-Allow-Origin", "https://page.example")
                .putHeader("access-control-allow-credentials", "true")
                .putHeader("Access-Control-Expose-Headers", "ETag, X-Mine")
                .putHeader("Access-Control-Allow-Methods", "GET")
                .end("{}"));
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  /** The fields of the CORS protocol, by their names in lower case. */
  private static Map<String, List<String>> cors(HttpResponse<?> answer) {
    Map<String, List<String>> cors = new TreeMap<>(answer.headers().map());
    cors.keySet().removeIf(name -> !name.startsWith("access-control-"));
    return cors;
  }

  /** The answer has one of each field, for any origin and without credentials. */
  static void assertPagesMayRead(HttpResponse<?> answer) {
    Map<String, List<String>> cors = cors(answer);
    assertThat(cors)
        .containsOnlyKeys("access-control-allow-origin", "access-control-expose-headers")
        .containsEntry("access-control-allow-origin", List.of("*"));
    assertThat(cors.get("access-control-expose-headers")).hasSize(1);
    assertThat(cors.get("access-control-expose-headers").get(0).split(", "))
        .contains("Age", "Cache-Status", "X-Request-Id", "RateLimit", "RateLimit-Policy")
        .contains(
            "ETag", "Link", "Location", "Retry-After", "X-GitHub-Request-Id", "X-OAuth-Scopes")
        .contains("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
        .contains("X-RateLimit-Used", "X-RateLimit-Resource")
        .doesNotHaveDuplicates();
  }

  @Test
  void pagesMayReadEveryAnswer() {
    String etag = service.get("/cors").headers().firstValue("ETag").orElseThrow();
    for (String target :
        List.of(
            "/view/top/5/stars",
            "/view/none",
            KEPT,
            "/orgs/Netflix",
            "/healthcheck",
            FORWARDED,
            FORWARDED,
            "/repos/Netflix/none",
            "/cors/a",
            "/cors/a",
            "/cors/error",
            "/cors")) {
      for (String lane : List.of("no-cache", "max-age=60")) {
        assertPagesMayRead(
            service.get(target, "Origin", "https://page.example", "Cache-Control", lane));
      }
    }
    HttpResponse<String> unchanged = service.get("/cors", "If-None-Match", etag);
    assertThat(unchanged.statusCode()).isEqualTo(304);
    assertPagesMayRead(unchanged);
    assertPagesMayRead(service.send("HEAD", "/cors"));
    assertPagesMayRead(service.send("POST", "/cors", "Origin", "https://page.example"));
    assertThat(RawHttp.request(service.port(), "GET /%zz HTTP/1.1", "Host: x"))
        .startsWith("HTTP/1.1 400")
        .containsOnlyOnce("access-control-allow-origin: *");
  }

  @Test
  void preflightIsAnsweredHereAlsoWhileGitHubIsDown() {
    GitHubStandIn gone = GitHubStandIn.builder().build().start();
    // preflights do not count against the rate of a client
    Map<String, String> limits = Map.of("rate.limit", "1/h", "rate.limit.burst", "1");
    try (Service cut = Service.start(gone, limits)) {
      gone.close();
      for (String target : List.of("/view/top/5/stars", "/healthcheck")) {
        HttpResponse<String> answer = assertPreflight(cut, target, "GET, HEAD");
        assertThat(answer.headers().allValues("Allow")).containsExactly("GET, HEAD, OPTIONS");
      }
      for (String target : List.of("/", KEPT, FORWARDED, "/graphql")) {
        String methods = "GET, HEAD, POST, PATCH, PUT, DELETE";
        HttpResponse<String> answer = assertPreflight(cut, target, methods);
        assertThat(answer.headers().allValues("Allow")).isEmpty();
      }
    }
  }

  private static HttpResponse<String> assertPreflight(
      Service service, String target, String methods) {
    HttpResponse<String> answer =
        service.send(
            "OPTIONS",
            target,
            "Origin",
            "https://page.example",
            "Access-Control-Request-Method",
            "GET",
            "Access-Control-Request-Headers",
            "authorization,if-none-match");
    assertThat(answer.statusCode()).isEqualTo(204);
    assertThat(answer.body()).isEmpty();
    assertThat(answer.headers().firstValue("Content-Length")).isEmpty();
    assertThat(answer.headers().firstValue("Date")).isPresent();
    assertThat(cors(answer))
        .containsEntry("access-control-allow-origin", List.of("*"))
        .containsEntry("access-control-allow-methods", List.of(methods))
        .containsEntry("access-control-allow-headers", List.of("authorization,if-none-match"))
        .containsEntry("access-control-max-age", List.of("86400"))
        .doesNotContainKey("access-control-allow-credentials");
    return answer;
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Access-Control-Request-Headers: a\"b", "Origin: https://a.example"})
  void optionsNamesNoHeadersThatTheRequestDoesNot(String field) {
    github.clearRequests();
    String answer =
        RawHttp.request(
            service.port(),
            ("OPTIONS " + FORWARDED + " HTTP/1.1\r\nHost: x\r\n" + field).stripTrailing());
    assertThat(answer)
        .startsWith("HTTP/1.1 204")
        .contains("access-control-allow-methods: GET, HEAD, POST")
        .doesNotContain("access-control-allow-headers", "a.example");
    assertThat(github.requests()).noneMatch(asked -> asked.method().equals("OPTIONS"));
  }

  @Test
  void webhookAndManagementPortAreNotForPages() {
    for (String method : List.of("OPTIONS", "GET", "POST")) {
      HttpResponse<String> answer =
          service.send(method, "/webhook/github", "Origin", "https://page.example");
      assertThat(answer.statusCode()).isIn(401, 405);
      assertThat(cors(answer)).isEmpty();
    }
    for (String target : List.of("/", "/admin/status", "/view/none", "/%zz")) {
      String answer =
          RawHttp.request(
              URI.create(service.managementUrl("/")).getPort(),
              "GET " + target + " HTTP/1.1",
              "Host: x");
      assertThat(answer).startsWith("HTTP/1.1").doesNotContainIgnoringCase("access-control-");
    }
  }
}
