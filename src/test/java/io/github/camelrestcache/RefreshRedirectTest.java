package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.standin.GitHubStandIn.Handle;
import java.util.UUID;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Refreshes follow redirects and links within GitHub alone. */
class RefreshRedirectTest extends Refreshing {
  @ParameterizedTest
  @MethodSource("otherPlaces")
  void nextPageAtAnotherHostIsNotFollowed(String url) {
    assertListStays(
        "which is not below .* and is not followed",
        secondPage(),
        (asked, request) -> next(url).accept(request.response()));
    assertThat(elsewhere.requestCount()).isZero();
  }

  @ParameterizedTest
  @MethodSource("placesOfRedirects")
  void redirectToAnotherHostIsNotFollowed(String url) {
    assertListStays(
        "which is not below .* and is not followed",
        asked -> asked.path().equals(REPOS),
        (asked, request) -> request.response().setStatusCode(302).putHeader("Location", url).end());
    assertThat(elsewhere.requestCount()).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {301, 302, 307, 308})
  void redirectWithinUpstreamIsFollowedOnce(int status) {
    String name = github.repositoryNames().get(0);
    String mark = UUID.randomUUID().toString();
    String moved = BY_NUMBER + "?per_page=100&moved=" + mark;
    Handle redirecting =
        github.override(
            asked -> asked.path().equals(REPOS),
            (asked, request) ->
                request
                    .response()
                    .setStatusCode(status)
                    .putHeader("Location", status < 307 ? moved : github.url() + moved)
                    .end());
    try {
      github.updateRepository(name, each -> each.put("description", mark));
      soon().until(() -> service.get(REPOS).body().contains(mark));
      soon()
          .until(
              () ->
                  github.requests().stream()
                      .anyMatch(asked -> mark.equals(asked.parameters().get("moved"))));
      assertThat(json(service.get(REPOS))).hasSize(210);
      assertThat(github.requests())
          .filteredOn(asked -> mark.equals(asked.parameters().get("moved")))
          .allMatch(asked -> ("Bearer " + TOKEN).equals(asked.header("Authorization")));
    } finally {
      redirecting.close();
    }
  }
}
