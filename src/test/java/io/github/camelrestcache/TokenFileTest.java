package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The token file can be replaced while the service runs. */
class TokenFileTest {

  private static final Duration SOON = Duration.ofSeconds(20);

  private static GitHubStandIn github;

  private final AtomicInteger asked = new AtomicInteger();

  @TempDir private Path folder;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.addToken("old-token", "robot");
    github.addToken("new-token", "robot");
    Leaks.watch("new-token");
  }

  @AfterAll
  static void stop() {
    github.close();
  }

  /** The Authorization that a forwarded anonymous read has now. */
  private String lent(Service service) {
    String target = "/zen?" + asked.incrementAndGet();
    service.get(target);
    return github.requests().stream()
        .filter(each -> each.target().equals(target))
        .findFirst()
        .orElseThrow()
        .header("Authorization");
  }

  @Test
  void replacedTokenIsUsedWithoutRestart() throws IOException {
    Path file = folder.resolve("token");
    Files.writeString(file, "old-token\n");
    try (Service service =
        Service.start(github, Map.of("github.api.token.file", file.toString())).ready()) {
      assertThat(lent(service)).isEqualTo("Bearer old-token");

      Files.writeString(file, "new-token");
      await().atMost(SOON).until(() -> lent(service).equals("Bearer new-token"));

      for (String none : new String[] {"", "two words", "\u00fc"}) {
        Files.writeString(file, none);
        await()
            .during(Duration.ofMillis(1500))
            .atMost(SOON)
            .until(() -> lent(service).equals("Bearer new-token"));
      }
      Files.delete(file);
      await()
          .during(Duration.ofMillis(1500))
          .atMost(SOON)
          .until(() -> lent(service).equals("Bearer new-token"));

      Files.writeString(file, "old-token");
      await().atMost(SOON).until(() -> lent(service).equals("Bearer old-token"));
      github.clearRequests();
      refresh(service);
      await()
          .atMost(SOON)
          .until(
              () ->
                  github.requests().stream()
                      .anyMatch(
                          each ->
                              each.path().equals("/orgs/Netflix")
                                  && each.header("Authorization").equals("Bearer old-token")));
    }
  }

  private static void refresh(Service service) {
    var registry = service.context().getRegistry();
    registry
        .findSingleByType(io.github.camelrestcache.refresh.Schedule.class)
        .soon(
            registry
                .findSingleByType(io.github.camelrestcache.catalog.Catalog.class)
                .endpoint("/orgs/Netflix"));
  }

  @Test
  void fileWithoutTokenPreventsStart() throws IOException {
    Path file = folder.resolve("empty");
    for (String name : new String[] {folder.resolve("none").toString(), file.toString()}) {
      Files.writeString(file, " \n");
      assertThatThrownBy(() -> Service.start(github, Map.of("github.api.token.file", name)))
          .satisfies(
              failure ->
                  assertThat(BadConfiguration.sentence(failure))
                      .contains("GITHUB_API_TOKEN_FILE")
                      .contains(name));
    }
  }

  @Test
  void tokenAndTokenFileAreMutuallyExclusive() {
    assertThatThrownBy(
            () ->
                Service.start(
                    github, Map.of("github.api.token", "a", "github.api.token.file", "/etc/token")))
        .satisfies(
            failure ->
                assertThat(BadConfiguration.sentence(failure)).contains("GITHUB_API_TOKEN_FILE"));
  }
}
