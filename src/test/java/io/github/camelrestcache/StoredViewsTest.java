package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Views are as old as their lists, and are ranked anew when what is stored does not fit. */
class StoredViewsTest extends Views {
  @Test
  void viewKeepsETagUntilRowsChange() {
    String repository = github.repositoryNames().get(50);
    String view = "/view/top/3/stars";
    HttpResponse<String> before = service.get(view);
    String tag = before.headers().firstValue("ETag").orElseThrow();

    github.updateRepository(repository, each -> each.put("description", "another"));
    await().atMost(SOON).until(() -> service.get(REPOS).body().contains("\"another\""));
    assertThat(service.get(view, "If-None-Match", tag).statusCode()).isEqualTo(304);

    github.updateRepository(repository, each -> each.put("stargazers_count", 9_999_999));
    await().atMost(SOON).until(() -> service.get(view).body().contains("9999999"));
    HttpResponse<String> after = service.get(view, "If-None-Match", tag);
    assertThat(after.statusCode()).isEqualTo(200);
    assertThat(after.headers().firstValue("ETag").orElseThrow()).isNotEqualTo(tag);
  }

  @Test
  void viewIsNeverOlderThanItsList() {
    List<String> fields =
        List.of("forks_count", "open_issues_count", "stargazers_count", "watchers_count");
    for (int round = 1; round <= 8; round++) {
      int most = 2_000_000 + round;
      String name = github.repositoryNames().get(round * 11);
      github.updateRepository(name, each -> fields.forEach(field -> each.put(field, most)));
      String seen = "\"stargazers_count\":" + most + ",";
      await()
          .pollInterval(Duration.ofMillis(1))
          .atMost(SOON)
          .until(() -> service.get(REPOS).body().contains(seen));
      String first = "[[\"Netflix/" + name + "\"," + most + "]]";
      for (String view : List.of("watchers", "stars", "open_issues", "forks")) {
        assertThat(service.get("/view/top/1/" + view).body()).isEqualTo(first);
      }
    }
  }

  @Test
  void rankingOfAnotherVersionIsRecomputed() {
    assertRecomputed(stamp -> "0123456789abcdef" + stamp.substring(16));
  }

  @Test
  void rankingByAnotherFieldIsRecomputed() {
    assertRecomputed(stamp -> stamp.replace("open_issues_count", "forks_count"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"stamp", "top", "bottom"})
  void incompleteRankingIsRecomputed(String part) {
    String key = Stored.view(github, "open_issues");
    String before = service.get("/view/bottom/100/open_issues").body();

    Stored.in(service).opsForHash().delete(key, part);
    Stored.forgetNear(service);

    assertThat(service.get("/view/bottom/100/open_issues").body()).isEqualTo(before);
    await().atMost(SOON).until(() -> Stored.in(service).opsForHash().hasKey(key, part));
  }
}
