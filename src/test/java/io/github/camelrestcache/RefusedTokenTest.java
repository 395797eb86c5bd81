package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A service whose token GitHub refuses serves callers without credentials all the same. */
class RefusedTokenTest {

  private static final Duration SOON = Duration.ofSeconds(20);
  private static final String TOKEN = "revoked-token";
  private static final String UPSTREAM = "io.github.camelrestcache.upstream";

  private GitHubStandIn github;
  @TempDir private Path folder;

  @BeforeEach
  void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
  }

  @AfterEach
  void stop() {
    github.close();
  }

  private Service service() {
    return Service.start(github, Map.of("github.api.token", TOKEN));
  }

  private long sent(String token) {
    return github.requests().stream()
        .filter(asked -> ("Bearer " + token).equals(asked.header("Authorization")))
        .count();
  }

  @Test
  void callersAreNotToldOfATokenThatIsNotTheirs() {
    try (LogLines log = LogLines.of(UPSTREAM);
        Service service = service()) {
      for (int i = 0; i < 20; i++) {
        HttpResponse<String> answer = service.get("/repos/Netflix/zuul?" + i);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Cache-Status"))
            .contains("camel-rest-cache; fwd=uri-miss; fwd-status=200; stored");
      }

      await().atMost(SOON).until(() -> service.get("/orgs/Netflix").body().contains("(401)"));
      assertThat(sent(TOKEN)).isBetween(1L, 3L);
      HttpResponse<String> health = service.get("/healthcheck");
      assertThat(json(health).get("token").asText()).contains("401").contains("GITHUB_API_TOKEN");
      assertThat(log.lines())
          .filteredOn(line -> line.contains("401"))
          .singleElement()
          .asString()
          .doesNotContain(TOKEN);
    }
  }

  @Test
  void requestThatMeetsTheRefusalIsRepeatedWithoutTheToken() {
    github.addToken(TOKEN, "robot");
    for (String[] request :
        new String[][] {{"GET", "max-age=0"}, {"HEAD", "max-age=0"}, {"GET", "no-store"}}) {
      try (Service service = service().ready()) {
        github.removeToken(TOKEN);
        github.clearRequests();
        String method = request[0];
        assertThat(service.send(method, "/zen", "Cache-Control", request[1]).statusCode())
            .isEqualTo(200);
        assertThat(github.requests())
            .filteredOn(asked -> asked.path().equals("/zen"))
            .extracting(asked -> asked.method() + " " + asked.header("Authorization"))
            .containsExactly(method + " Bearer " + TOKEN, method + " null");
      }
      github.addToken(TOKEN, "robot");
    }
  }

  @Test
  void healthcheckTellsWhetherThereIsAToken() {
    github.addToken(TOKEN, "robot");
    try (Service with = service().ready();
        Service without = Service.start(github)) {
      assertThat(json(with.get("/healthcheck")).get("token").asText()).isEqualTo("ready");
      assertThat(json(without.get("/healthcheck")).get("token").asText()).isEqualTo("none");
    }
  }

  @Test
  void replacedTokenIsLentAtOnce() throws IOException {
    Path file = Files.writeString(folder.resolve("token"), TOKEN);
    github.addToken("good-token", "robot");
    try (LogLines log = LogLines.of(UPSTREAM);
        Service service = Service.start(github, Map.of("github.api.token.file", file.toString()))) {
      assertThat(service.get("/zen?1").statusCode()).isEqualTo(200);
      assertThat(sent("good-token")).isZero();

      Files.writeString(file, "good-token");

      service.ready();
      service.get("/zen?2");
      assertThat(github.requests())
          .filteredOn(asked -> asked.target().equals("/zen?2"))
          .extracting(asked -> asked.header("Authorization"))
          .containsExactly("Bearer good-token");
      assertThat(json(service.get("/healthcheck")).get("token").asText()).isEqualTo("ready");
      assertThat(log.lines()).anyMatch(line -> line.contains("accepts the service's token again"));
    }
  }

  /** GitHub answers 401 to any token there, and callers must not be able to disable ours. */
  @Test
  void refusalOfAPathForAppsIsNotOneOfTheToken() {
    github.addToken(TOKEN, "robot");
    github.override(
        asked -> asked.path().matches("/app|/repos/Netflix/zuul/installation"),
        (asked, request) ->
            request
                .response()
                .setStatusCode(401)
                .end("{\"message\":\"A JSON web token could not be decoded\"}"));
    try (Service service = service().ready()) {
      for (String method : new String[] {"GET", "HEAD"}) {
        assertThat(service.send(method, "/app").statusCode()).isEqualTo(401);
        assertThat(service.send(method, "/repos/Netflix/zuul/installation").statusCode())
            .isEqualTo(401);
      }
      github.clearRequests();
      service.get("/zen");
      assertThat(sent(TOKEN)).isEqualTo(1);
    }
  }
}
