package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.net.http.HttpResponse;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The names of GitHub's JSON share one stored answer, and other media types are apart from it. */
class MediaTypesTest extends FastAndPlain {

  private static final String KEPT = "/orgs/Netflix/repos?per_page=100";

  @BeforeAll
  static void start() {
    GitHubStandIn github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.override(
        asked -> asked.path().startsWith("/x/"),
        (asked, request) ->
            request
                .response()
                .putHeader("Cache-Control", "max-age=600")
                .putHeader("Vary", "Accept, Accept-Encoding")
                .end(asked.header("Accept")));
    start(github, Map.of());
    for (Service each : new Service[] {fast, plain}) {
      each.get("/x/shared");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "*/*",
        "application/*",
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;q=0.2",
        "application/vnd.github",
        "application/vnd.github+json",
        "application/vnd.github.json",
        "application/vnd.github.v3",
        "application/vnd.github.v3+json",
        "application/vnd.github.V3.json",
        "application/vnd.github.v3+json;q=0.9, */*;q=0.1",
        "application/vnd.github.v3+json,application/vnd.github.v3+json",
        "application/vnd.github.mercy-preview",
        "application/vnd.github.nebula-preview+json",
        "application/vnd.github.v3.shadow-cat-preview+json",
        "application/vnd.github.the-key-preview",
        "application/vnd.github.luke-cage-preview+json",
        "application/vnd.github.squirrel-girl-preview, application/vnd.github.symmetra-preview+json",
        "application/vnd.github.sailor-v-preview+json, application/vnd.github.v3+json;q=0.8",
        "application/vnd.github.mercy-preview+json, application/vnd.github.nebula-preview+json",
        "application/json, application/vnd.github.inertia-preview+json;q=0.5, */*;q=0.001",
        ", application/json,",
        " ",
      })
  void namesOfJsonShareOneStoredAnswer(String accept) {
    for (Service each : new Service[] {fast, plain}) {
      for (String target : new String[] {KEPT, "/orgs/Netflix", "/x/shared"}) {
        HttpResponse<String> answer = each.get(target, "Accept", accept);
        assertThat(status(answer)).as(target).contains("; hit; ttl=");
        assertThat(answer.body()).isEqualTo(each.get(target).body());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/vnd.github.raw",
        "application/vnd.github.raw+json",
        "application/vnd.github.v3.raw",
        "application/vnd.github.v3.raw+json",
        "application/vnd.github.html",
        "application/vnd.github.html+json",
        "application/vnd.github.v3.html",
        "application/vnd.github.full+json",
        "application/vnd.github.v3.full+json",
        "application/vnd.github.text+json",
        "application/vnd.github.v3.text+json",
        "application/vnd.github.diff",
        "application/vnd.github.v3.diff",
        "application/vnd.github.patch",
        "application/vnd.github.v3.patch",
        "application/vnd.github.sha",
        "application/vnd.github.v3.sha",
        "application/vnd.github.star+json",
        "application/vnd.github.v3.star+json",
        "application/vnd.github.v3.star",
        "application/vnd.github.text-match+json",
        "application/vnd.github.v3.text-match+json",
        "application/vnd.github.base64",
        "application/vnd.github.v3.base64",
        "application/vnd.github.object",
        "application/vnd.github.object+json",
        "application/vnd.github.v3.repository+json",
        "application/vnd.github.mockingbird-preview.full+json",
        "application/vnd.github.v4+json",
        "application/vnd.githubs+json",
        "application/json, application/vnd.github.raw+json",
        "application/vnd.github.mercy-preview+json, application/vnd.github.star+json;q=0.1",
        "application/json;q=0",
        "application/json;q=0, application/vnd.github.nebula-preview",
        "application/json+vnd.github",
        "text/html, */*;q=0.8",
      })
  void namesOfOtherContentsAreAsked(String accept) {
    for (Service each : new Service[] {fast, plain}) {
      for (String target : new String[] {KEPT, "/orgs/Netflix", "/x/shared"}) {
        HttpResponse<String> answer = each.get(target, "Accept", accept);
        assertThat(status(answer)).as(target).contains("; fwd=uri-miss");
        if (target.startsWith("/x/")) {
          assertThat(answer.body()).as("what GitHub was asked").isEqualTo(accept);
          assertThat(each.get(target, "Accept", accept).body()).isEqualTo(accept);
        }
      }
      Stored.forgetForwarded(each);
      each.get("/x/shared");
    }
  }

  private static String status(HttpResponse<?> answer) {
    return answer.headers().firstValue("Cache-Status").orElse("");
  }
}
