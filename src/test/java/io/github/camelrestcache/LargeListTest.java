package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Large organizations in small heaps. */
@Tag("slow")
class LargeListTest {

  private static final String TOKEN = "service-token";
  private static final String REPOS = "/orgs/Netflix/repos";

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"3000, 200", "10000, 300"})
  void aListIsRefreshedInASmallHeapAndOnlyItsChangedPageIsTransferred(
      int repositories, int megabytes) {
    GitHubStandIn github =
        GitHubStandIn.builder().repositories(repositories).limits(100_000, 100_000).build().start();
    github.addToken(TOKEN, "robot");
    String last = github.repositoryNames().get(repositories - 1);
    Map<String, String> settings =
        Map.of(
            "REDIS_URL",
            "",
            "GITHUB_API_URL",
            github.url(),
            "GITHUB_API_TOKEN",
            TOKEN,
            "REFRESH_INTERVAL",
            "2s");
    try (github;
        Instance service = Instance.start(folder, settings, "-Xmx" + megabytes + "m")) {
      service.ready();
      assertThat(service.get(REPOS + "?per_page=1&page=" + repositories).body()).contains(last);
      long before = firstPages(github);
      await().atMost(Duration.ofSeconds(60)).until(() -> firstPages(github) > before + 1);
      github.clearRequests();
      github.updateRepository(last, each -> each.put("stargazers_count", 9_999_999));

      String top = "[[\"Netflix/" + last + "\",9999999]]";
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> service.get("/view/top/1/stars").body().equals(top));

      assertThat(github.requests())
          .as("all pages were asked for conditionally")
          .allMatch(asked -> asked.header("If-None-Match") != null);
      assertThat(service.isAlive()).isTrue();
      assertThat(service.output()).noneMatch(line -> line.contains("OutOfMemory"));
    }
  }

  private static long firstPages(GitHubStandIn github) {
    return github.requests().stream().filter(asked -> asked.path().equals(REPOS)).count();
  }
}
