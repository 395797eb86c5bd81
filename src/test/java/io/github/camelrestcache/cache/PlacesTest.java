package io.github.camelrestcache.cache;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a write to a path may change. */
class PlacesTest {

  @ParameterizedTest
  @CsvSource({
    "/, /",
    "/zen, /zen",
    "/user/repos, /user/repos",
    "/orgs/Netflix/repos, /orgs/netflix",
    "/users/octocat/gists/, /users/octocat",
    "/repos/Netflix/Zuul, /repos/netflix/zuul",
    "/repos/Netflix/%5Auul/issues/1?a=b, /repos/netflix/zuul",
    "/repos/Netflix, /repos/netflix",
    "/repositories/42/issues?page=2, /repositories/42",
    "//odd/path, //odd"
  })
  void pathBelongsToScope(String path, String scope) {
    assertThat(Places.scope(Places.plain(path))).isEqualTo(scope);
  }
}
