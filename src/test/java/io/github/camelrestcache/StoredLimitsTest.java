package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stored answers carry the latest known rate limit of the caller's credential. */
class StoredLimitsTest {

  private static final List<String> STORED =
      List.of(
          "/",
          "/orgs/Netflix",
          "/orgs/Netflix/repos",
          "/orgs/Netflix/repos?per_page=100",
          "/view/top/5/stars",
          "/x/forwarded");

  private static final long LATER = Instant.now().plusSeconds(3000).getEpochSecond();

  private static GitHubStandIn github;
  private static volatile long reset = LATER;

  private String mine;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.addToken("service-token", "robot");
    github.override(
        asked -> asked.path().startsWith("/x/"),
        (asked, request) ->
            request
                .response()
                .putHeader("Cache-Control", "max-age=600")
                .putHeader("x-ratelimit-limit", "5000")
                .putHeader("x-ratelimit-remaining", asked.path().replaceAll("\\D", "") + "7")
                .putHeader("x-ratelimit-used", "1")
                .putHeader("x-ratelimit-resource", "core")
                .putHeader("x-ratelimit-reset", Long.toString(reset))
                .end("{}"));
  }

  @AfterAll
  static void stop() {
    github.close();
  }

  @BeforeEach
  void takeAnotherToken() {
    mine = UUID.randomUUID().toString();
    github.addToken(mine, "me");
    reset = LATER;
  }

  private static Service service(String lane) {
    return Service.start(
            github,
            Map.of(
                "fast.lane", lane, "github.api.token", "service-token", "refresh.interval", "1h"))
        .ready();
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "false"})
  void storedAnswersHaveLatestLimitOfTheCaller(String lane) {
    try (Service service = service(lane)) {
      STORED.forEach(service::get);
      service.get("/x/forwarded", "Authorization", "Bearer " + mine);
      for (int i = 1; i <= 3; i++) {
        service.get("/x/" + i);
        service.get("/x/4" + i, "Authorization", "Bearer " + mine);
        for (String target : STORED) {
          assertLimit(service.get(target), i + "7");
          assertLimit(service.send("HEAD", target), i + "7");
          assertLimit(service.get(target, "If-None-Match", "*"), i + "7");
          for (String scheme : List.of("Bearer ", "token ")) {
            assertLimit(service.get(target, "Authorization", scheme + mine), "4" + i + "7");
          }
        }
      }
      for (String target : STORED.subList(0, 5)) {
        HttpResponse<String> unknown = service.get(target, "Authorization", "Bearer unseen");
        assertThat(status(unknown)).contains("; hit");
        assertThat(limits(unknown)).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "false"})
  void limitIsLeftOutPastItsReset(String lane) {
    try (Service service = service(lane)) {
      STORED.forEach(service::get);
      reset = Instant.now().plusSeconds(3).getEpochSecond();
      service.get("/x/1");
      STORED.forEach(target -> assertLimit(service.get(target), "17"));
      await().atMost(Duration.ofSeconds(10)).until(() -> limits(service.get("/")).isEmpty());
      for (String target : STORED) {
        HttpResponse<String> answer = service.get(target);
        assertThat(status(answer)).contains("; hit");
        assertThat(limits(answer)).as(target).isEmpty();
      }
    }
  }

  private static void assertLimit(HttpResponse<String> answer, String remaining) {
    assertThat(status(answer)).contains("; hit");
    assertThat(limits(answer))
        .isEqualTo(
            Map.of(
                "x-ratelimit-limit", List.of("5000"),
                "x-ratelimit-remaining", List.of(remaining),
                "x-ratelimit-used", List.of("1"),
                "x-ratelimit-resource", List.of("core"),
                "x-ratelimit-reset", List.of(Long.toString(reset))));
  }

  private static Map<String, List<String>> limits(HttpResponse<?> answer) {
    Map<String, List<String>> fields = new TreeMap<>(answer.headers().map());
    fields.keySet().removeIf(name -> !name.startsWith("x-ratelimit-"));
    return fields;
  }

  private static String status(HttpResponse<?> answer) {
    return answer.headers().firstValue("Cache-Status").orElse("");
  }
}
