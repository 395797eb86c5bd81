package io.github.camelrestcache.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenLendingTest {

  private final TokenLending lending =
      new TokenLending("/user,/notifications, /Issues ,/gists,/installation");

  private static List<String> words(String words) {
    return List.of(words.strip().split("\\s+"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "HEAD"})
  void tokenIsLentToPublicReads(String method) {
    String paths =
        """
        / /users /users/x /user-search/issues /installations /orgs/x/repos /repos/a/b/issues
        /repos/user/user /search/issues /repos/a/b/contents/.github /repos/a/b/contents/..a/...
        /repos/a/b/contents/%C3%A9%20%25%2B+c /repos/a/b/contents/c%2Fd
        """;
    assertThat(words(paths)).allMatch(path -> lending.allows(method, path));
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "HEAD"})
  void tokenIsNotLentToOwnerPaths(String method) {
    String paths =
        """
        /user /user/repos /user/repos/user /notifications /notifications/threads/1 /issues /gists
        /gists/public /installation /installation/repositories /USER /UsEr/repos /ISSUES /user.json
        /user;a=b /api/v3/user /API%2Fv3/user /user%2Frepos /USER%2frepos /user%20 /user%00 /user%0Aa /user%3Fa
        """;
    assertThat(words(paths)).noneMatch(path -> lending.allows(method, path));
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "HEAD"})
  void tokenIsNotLentToNonNormalizedTargets(String method) {
    String paths =
        """
        //user /./user /orgs/../user /user/ /user/. /orgs/x/.. /orgs//x /orgs/x/ //
        /\\user /orgs\\..\\user /%75ser /use%72 /%55SER /%2e/user /orgs/%2E%2e/user
        /orgs/%2D /orgs/%5F /orgs/%7e /orgs/%30 /orgs/%39 /orgs/%5A /orgs/%zz /orgs/% /orgs/%4
        /%2Fuser /x%2F..%2Fuser /x%2f.%2fuser /orgs/x%2F /%5Cuser
        """;
    assertThat(words(paths)).noneMatch(path -> lending.allows(method, path));
  }

  @Test
  void starInSettingMatchesAnySegment() {
    TokenLending starred = new TokenLending("/repos/*/*/subscription,/orgs/*/issues");
    assertThat(words("/repos/a/b/subscription /REPOS/a/b/Subscription/x /orgs/a/issues.json"))
        .noneMatch(path -> starred.allows("GET", path));
    assertThat(
            words("/repos/a/b/subscribers /repos/a/subscription /orgs/a/b/issues /repos/a/b/c.d"))
        .allMatch(path -> starred.allows("GET", path));
  }

  @Test
  void queryCanNameTheOwner() {
    assertThat(words("q=assignee:@me q=author%3A%40me+is:open a=%40%6d%65"))
        .allMatch(TokenLending::namesOwner);
    assertThat(words("q=me q=user:me sort=@med?")).noneMatch(TokenLending::namesOwner);
  }

  @Test
  void trailingSlashInSettingIsIgnored() {
    TokenLending slashed = new TokenLending("/user/,/gists");
    assertThat(words("/user /user/repos /gists")).noneMatch(path -> slashed.allows("GET", path));
    assertThat(slashed.allows("GET", "/users")).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "PROPFIND"})
  void tokenIsLentToGetAndHeadOnly(String method) {
    assertThat(lending.allows(method, "/repos/a/b")).isFalse();
  }
}
