package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.Recorded;
import io.github.camelrestcache.standin.SecondaryLimit;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What each kind of GitHub's limits stops, however the refusal is worded, and what goes on. */
class LimitKindsTest extends TwoInstances {

  private static final Duration SOON = Duration.ofSeconds(20);
  private static final String ISSUES = "/repos/Netflix/zuul/issues";
  private static final String QUERY = "{\"query\":\"{viewer{login}}\"}";

  @BeforeAll
  static void start() {
    start(Map.of());
  }

  private HttpResponse<String> post(Service service, String target, String content) {
    return service.send(
        request ->
            request
                .uri(URI.create(service.url(target)))
                .header("Authorization", "Bearer " + mine)
                .POST(BodyPublishers.ofString(content)));
  }

  private HttpResponse<String> write(Service service) {
    return post(service, ISSUES, "{\"title\":\"a\"}");
  }

  @Test
  void contentCreationLimitStopsWritesAndNotReads() {
    github.limit(SecondaryLimit.CONTENT_CREATION, -1);
    HttpResponse<String> first = write(one);
    github.clearRequests();

    for (Service service : List.of(one, two)) {
      HttpResponse<String> second = write(service);
      assertThat(second.statusCode()).isEqualTo(403);
      assertThat(second.body()).isEqualTo(first.body()).contains("content creation");
      assertThat(retryAfter(second)).isBetween(50, 60);
      assertThat(isLimited(second)).isTrue();
      assertThat(get(service, ISSUES).statusCode()).isEqualTo(200);
      assertThat(post(service, "/graphql", QUERY).statusCode()).isEqualTo(200);
    }
    assertThat(github.requests()).noneMatch(asked -> asked.text().contains("title"));
  }

  @Test
  void writesAreSpacedByASecondAfterContentCreationLimitOnly() {
    writeTogether(4);
    assertThat(gaps()).as("before a limit").anyMatch(gap -> gap < 900);

    github.limit(SecondaryLimit.CONTENT_CREATION, 1);
    assertThat(write(one).statusCode()).isEqualTo(403);
    github.limit(SecondaryLimit.CONTENT_CREATION, 0);
    await().atMost(SOON).until(() -> !isLimited(write(two)));
    github.clearRequests();

    writeTogether(4);
    assertThat(gaps()).as("after a limit").hasSize(3).allMatch(gap -> gap > 700);
    Instant before = Instant.now();
    assertThat(get(one, ISSUES).statusCode()).isEqualTo(200);
    assertThat(before).isAfter(Instant.now().minusMillis(900));
  }

  /** Writes through both instances at one time, each of which succeeds. */
  private void writeTogether(int count) {
    List<CompletableFuture<Integer>> writes =
        IntStream.range(0, count)
            .mapToObj(i -> i % 2 == 0 ? one : two)
            .map(service -> CompletableFuture.supplyAsync(() -> write(service).statusCode()))
            .toList();
    assertThat(writes).allMatch(status -> status.join() == 201);
  }

  /** The milliseconds between the writes that GitHub has received. */
  private static List<Long> gaps() {
    List<Instant> times =
        github.requests().stream()
            .filter(asked -> asked.method().equals("POST"))
            .map(Recorded::time)
            .sorted()
            .toList();
    return IntStream.range(1, times.size())
        .mapToObj(i -> Duration.between(times.get(i - 1), times.get(i)).toMillis())
        .toList();
  }

  @Test
  void writesThatWouldWaitTooLongGet503() {
    try (Service hasty =
        Service.start(github, Map.of("redis.url", redis.url(), "cold.wait", "1500ms"))) {
      github.limit(SecondaryLimit.CONTENT_CREATION, 1);
      write(one);
      github.limit(SecondaryLimit.CONTENT_CREATION, 0);
      await().atMost(SOON).until(() -> !isLimited(write(one)));
      List<CompletableFuture<HttpResponse<String>>> writes =
          IntStream.range(0, 4)
              .mapToObj(i -> CompletableFuture.supplyAsync(() -> write(hasty)))
              .toList();
      assertThat(writes)
          .extracting(CompletableFuture::join)
          .anyMatch(answer -> answer.statusCode() == 201)
          .filteredOn(answer -> answer.statusCode() != 201)
          .isNotEmpty()
          .allMatch(answer -> answer.statusCode() == 503 && retryAfter(answer) >= 2);
    }
  }

  @Test
  void secondaryLimitStopsRestAndGraphQl() {
    github.limit(SecondaryLimit.ABUSE, -1);
    HttpResponse<String> first = get(one, "/zen");
    github.limit(SecondaryLimit.ABUSE, 0);
    github.clearRequests();

    for (HttpResponse<String> answer :
        List.of(get(two, "/search/repositories?q=a"), post(one, "/graphql", QUERY), write(two))) {
      assertThat(answer.statusCode()).isEqualTo(403);
      assertThat(answer.body()).isEqualTo(first.body()).contains("abuse detection");
      assertThat(retryAfter(answer)).isBetween(50, 60);
    }
    assertThat(github.requests()).isEmpty();
  }

  @Test
  void graphQlLimitLeavesRestAlone() {
    github.budget("graphql", 0, Duration.ofMinutes(10));
    HttpResponse<String> first = post(one, "/graphql", QUERY);
    github.clearRequests();

    for (Service service : List.of(one, two)) {
      HttpResponse<String> again = post(service, "/graphql", QUERY);
      assertThat(again.statusCode()).isEqualTo(200);
      assertThat(again.body()).isEqualTo(first.body()).contains("RATE_LIMITED");
      assertThat(retryAfter(again)).isBetween(590, 601);
      assertThat(isLimited(again)).isTrue();
    }
    assertThat(github.requests()).isEmpty();
    assertThat(get(one, "/zen").statusCode()).isEqualTo(200);
  }

  @Test
  void lastGraphQlAnswerOfAWindowIsPassedOnWhole() {
    String large = "{\"data\":{\"a\":\"" + "RATE_LIMITED ".repeat(20_000) + "\"}}";
    answer(200, "x-ratelimit-remaining", "0", large);
    assertThat(post(one, "/graphql", QUERY).body()).isEqualTo(large);
    assertThat(isLimited(post(one, "/graphql", QUERY))).isFalse();
    answer(200, "x-ratelimit-remaining", "0", "{\"data\":{\"message\":\"secondary rate limit\"}}");
    post(one, "/graphql", QUERY);
    assertThat(isLimited(post(one, "/graphql", QUERY))).isFalse();
  }

  @Test
  void graphQlSecondaryLimitIsARefusalForRest() {
    answer(
        200,
        "Retry-After",
        "60",
        "{\"errors\":[{\"message\":\"Exceeded a secondary rate limit\"}]}");
    post(one, "/graphql", QUERY);
    github.reset();
    HttpResponse<String> rest = get(two, "/zen");
    assertThat(rest.statusCode()).isEqualTo(403);
    assertThat(rest.body()).contains("secondary rate limit");
  }

  @ParameterizedTest(name = "{0} {1}: {2} → {3}")
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "403 | x-a: b | you have exceeded a SECONDARY RATE LIMIT | zen search write",
        "429 | x-a: b | Slow down | zen search write",
        "403 | Retry-After: 60 | Wait | zen search write",
        "403 | x-a: b | You have triggered an Abuse-Detection mechanism | zen search write",
        "403 | x-a: b | Please WAIT: blocked from Content Creation | write",
        "429 | x-ratelimit-remaining: 0 | Spent | zen write",
        "403 | x-a: b | API Rate Limit Exceeded for user | zen write",
        "403 | x-ratelimit-remaining: 0 | Resource not accessible | -",
        "403 | x-a: b | Repository access blocked | -",
        "403 | x-a: b | Must have admin rights to Repository. | -",
      })
  void wordingTellsTheKind(int status, String field, String message, String stopped) {
    String[] parts = field.split(": ");
    answer(status, parts[0], parts[1], "{\"message\":\"" + message + "\"}");
    get(one, "/zen?" + UUID.randomUUID());
    github.reset();
    github.addToken(mine, "me");

    StringBuilder is = new StringBuilder();
    is.append(isLimited(get(two, "/zen")) ? " zen" : "");
    is.append(isLimited(get(two, "/search/repositories?q=a")) ? " search" : "");
    is.append(isLimited(write(two)) ? " write" : "");
    assertThat(is.toString().strip()).isEqualTo(stopped == null ? "" : stopped);
  }

  private static void answer(int status, String field, String value, String content) {
    github.override(
        asked -> asked.path().matches("/zen|/graphql"),
        (asked, request) ->
            request
                .response()
                .setStatusCode(status)
                .putHeader(field, value)
                .putHeader("x-ratelimit-limit", "5000")
                .putHeader("x-ratelimit-reset", "" + Instant.now().plusSeconds(60).getEpochSecond())
                .end(content));
  }

  private static boolean isLimited(HttpResponse<String> answer) {
    return answer.headers().firstValue("Cache-Status").orElse("").endsWith("detail=limited");
  }

  private static int retryAfter(HttpResponse<String> answer) {
    return answer.headers().firstValue("Retry-After").map(Integer::parseInt).orElse(-1);
  }
}
