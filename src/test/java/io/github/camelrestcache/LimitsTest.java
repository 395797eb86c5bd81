package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.http.HttpServerResponse;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** GitHub's rate limits: hit once, shared by all instances, and over when GitHub said. */
class LimitsTest extends TwoInstances {

  private static final String TOKEN = "service-token";
  private static final Duration SOON = Duration.ofSeconds(20);

  @BeforeAll
  static void start() {
    start(Map.of("github.api.token", TOKEN));
  }

  @Test
  void exhaustedLimitIsSharedByInstancesAndAnsweredLocally() {
    github.budget(0, Duration.ofMinutes(10));

    HttpResponse<String> first = get(one, "/repos/Netflix/zuul");
    HttpResponse<String> second = get(one, "/repos/Netflix/eureka");
    HttpResponse<String> third = get(two, "/repos/Netflix/eureka");

    assertThat(github.requests()).hasSize(1);
    assertThat(first.headers().firstValue("Cache-Status"))
        .contains("camel-rest-cache; fwd=uri-miss; fwd-status=403");
    for (HttpResponse<String> answer : List.of(second, third)) {
      assertThat(answer.statusCode()).isEqualTo(403);
      assertThat(answer.body()).isEqualTo(first.body()).contains("rate limit exceeded");
      assertThat(answer.headers().firstValue("Cache-Status"))
          .contains("camel-rest-cache; detail=limited");
      for (String name : List.of("limit", "remaining", "reset", "resource")) {
        assertThat(answer.headers().allValues("x-ratelimit-" + name))
            .isEqualTo(first.headers().allValues("x-ratelimit-" + name))
            .hasSize(1);
      }
      assertThat(answer.headers().allValues("Content-Type"))
          .isEqualTo(first.headers().allValues("Content-Type"));
      assertThat(retryAfter(answer)).isBetween(590, 601);
    }
  }

  @Test
  void limitEndsAtReset() {
    Instant begin = Instant.now();
    github.budget(0, Duration.ofSeconds(2));
    assertThat(get(one, "/zen").statusCode()).isEqualTo(403);
    long reset = Long.parseLong(get(one, "/zen").headers().firstValue("x-ratelimit-reset").get());

    await()
        .pollInterval(Duration.ofMillis(20))
        .atMost(SOON)
        .until(() -> get(two, "/zen").statusCode() == 200);

    assertThat(Instant.now()).isBetween(begin.plusSeconds(2), Instant.ofEpochSecond(reset + 1));
    assertThat(github.requests()).hasSize(2);
  }

  @Test
  void secondaryLimitLastsForRetryAfter() {
    github.secondaryLimit(3);
    HttpResponse<String> first = get(one, "/zen");
    github.secondaryLimit(0);
    assertThat(first.statusCode()).isEqualTo(403);
    assertThat(retryAfter(first)).isEqualTo(3);

    HttpResponse<String> second = get(two, "/zen");
    assertThat(second.body()).isEqualTo(first.body()).contains("secondary rate limit");
    assertThat(retryAfter(second)).isBetween(2, 3);
    await().atMost(SOON).until(() -> retryAfter(get(one, "/zen")) == 1);
    await().atMost(SOON).until(() -> get(one, "/zen").statusCode() == 200);
    assertThat(github.requests()).hasSize(2);
  }

  @Test
  void secondaryLimitWithoutRetryAfterLastsOneThenTwoMinutes() {
    override(
        response ->
            response
                .setStatusCode(403)
                .putHeader("x-ratelimit-remaining", "4000")
                .end("{\"message\":\"You have exceeded a secondary rate limit.\"}"));
    get(one, "/zen");
    assertThat(retryAfter(get(one, "/zen"))).isBetween(58, 60);

    // as if the limit was over
    var template = Stored.in(one);
    template.delete(template.keys("camel-rest-cache:3:*:limit:*:refusal"));
    get(two, "/zen");

    assertThat(retryAfter(get(two, "/zen"))).isBetween(118, 120);
    assertThat(github.requests()).hasSize(2);
  }

  @Test
  void callerLimitAppliesToItsTokenOnly() {
    github.addToken(TOKEN, "robot");
    github.secondaryLimit(60);
    assertThat(get(one, "/zen").statusCode()).isEqualTo(403);
    github.secondaryLimit(0);
    github.clearRequests();

    assertThat(get(two, "/zen").statusCode()).isEqualTo(403);
    assertThat(github.requests()).isEmpty();
    assertThat(one.get("/zen").statusCode()).isEqualTo(200);
    github.addToken("other", "other");
    assertThat(one.get("/zen", "Authorization", "Bearer other").statusCode()).isEqualTo(200);
  }

  @Test
  void limitAppliesToItsResourceOnly() {
    override(
        response ->
            response
                .setStatusCode(403)
                .putHeader("x-ratelimit-resource", "search")
                .putHeader("Retry-After", "60")
                .end("{\"message\":\"API rate limit exceeded\"}"),
        "/search/repositories");
    assertThat(get(one, "/search/repositories?q=a").statusCode()).isEqualTo(403);
    assertThat(get(one, "/search/repositories?q=b").statusCode()).isEqualTo(403);
    assertThat(github.requests()).hasSize(1);

    assertThat(get(one, "/zen").statusCode()).isEqualTo(200);
  }

  @Test
  void rateLimitEndpointIsAlwaysForwarded() {
    github.budget(0, Duration.ofMinutes(10));
    assertThat(get(one, "/zen").statusCode()).isEqualTo(403);
    HttpResponse<String> limits = get(one, "/rate_limit");
    assertThat(limits.statusCode()).isEqualTo(200);
    assertThat(json(limits).get("rate").get("remaining").asInt()).isZero();
  }

  @Test
  void staleResponseIsServedDuringLimit() {
    String target = "/stale/" + UUID.randomUUID();
    override(
        response ->
            response
                .putHeader("Cache-Control", "max-age=1")
                .putHeader("Age", "10")
                .putHeader("ETag", "\"a\"")
                .end("good"),
        target);
    get(one, target);
    github.secondaryLimit(60);
    get(one, "/zen");
    github.clearRequests();

    HttpResponse<String> answer = get(two, target);

    assertThat(answer.body()).isEqualTo("good");
    assertThat(answer.headers().firstValue("Cache-Status").orElse(""))
        .matches("camel-rest-cache; hit; ttl=-\\d+; detail=stale-if-error");
    assertThat(github.requests()).isEmpty();
  }

  private void override(Consumer<HttpServerResponse> answer) {
    override(answer, "/zen");
  }

  private void override(Consumer<HttpServerResponse> answer, String path) {
    github.override(
        asked -> asked.path().equals(path), (asked, request) -> answer.accept(request.response()));
  }

  private static int retryAfter(HttpResponse<String> answer) {
    return answer.headers().firstValue("Retry-After").map(Integer::parseInt).orElse(-1);
  }
}
