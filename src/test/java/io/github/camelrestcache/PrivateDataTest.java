package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One warning tells that callers without credentials can read what the service's token can. */
class PrivateDataTest {

  private static final String TOKEN = "service-token";
  private static final String REPOS = "/orgs/Netflix/repos";
  private static final Duration SOON = Duration.ofSeconds(20);

  private GitHubStandIn github;

  @BeforeEach
  void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
  }

  @AfterEach
  void stop() {
    github.close();
  }

  /** The warnings of a service after several refreshes and forwarded requests. */
  private List<String> warnings(Map<String, String> settings) {
    try (LogLines log = LogLines.of("io.github.camelrestcache.upstream.GitHub");
        Service service = Service.start(github, settings).ready()) {
      service.get("/zen");
      github.updateRepository("eureka", repository -> repository.put("description", "new"));
      github.clearRequests();
      await()
          .atMost(SOON)
          .until(() -> github.requests().stream().filter(a -> a.path().equals(REPOS)).count() >= 3);
      return log.lines();
    }
  }

  private static Map<String, String> settings(String token) {
    return Map.of("github.api.token", token, "refresh.interval", "200ms");
  }

  @Test
  void keptListWithPrivateItemsIsOneWarning() {
    github.addToken(TOKEN, "robot");
    github.override(
        asked -> asked.path().equals(REPOS),
        (asked, request) -> {
          var repository = github.repository("zuul").put("private", true);
          request.response().end("[" + repository.put("size", System.nanoTime()) + "]");
        });

    assertThat(warnings(settings(TOKEN)))
        .singleElement()
        .asString()
        .contains(REPOS)
        .contains("private items")
        .contains("callers without a credential can read them");
    assertThat(warnings(settings(""))).as("without a token").isEmpty();
  }

  @Test
  void publicListIsNoWarning() {
    github.addToken(TOKEN, "robot");
    assertThat(warnings(settings(TOKEN))).isEmpty();
  }

  @Test
  void permissionsAreOneWarning() {
    github.addFineGrainedToken(TOKEN, "robot", "contents=read");

    assertThat(warnings(settings(TOKEN)))
        .singleElement()
        .asString()
        .contains("permissions 'contents=read'")
        .doesNotContain(TOKEN);
  }

  @Test
  void scopesAreOneWarning() {
    github.addToken(TOKEN, "robot", "repo", "gist");

    assertThat(warnings(settings(TOKEN)))
        .singleElement()
        .asString()
        .contains("scopes 'repo, gist'");
  }

  @Test
  void permissionsAreHiddenFromCallersWithoutCredentials() {
    github.addFineGrainedToken(TOKEN, "robot", "contents=read");
    try (Service service = Service.start(github, settings(TOKEN)).ready()) {
      for (int i = 0; i < 2; i++) {
        assertThat(service.get("/zen").headers().map())
            .doesNotContainKey("x-accepted-github-permissions");
      }
    }
  }
}
