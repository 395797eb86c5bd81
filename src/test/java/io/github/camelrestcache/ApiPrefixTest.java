package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.Recorded;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients of GitHub Enterprise Server add /api/v3 to paths; all else is as without it. */
@SuppressWarnings("try") // the handles of overrides are only closed
class ApiPrefixTest {

  private static final String REPOS = "/orgs/Netflix/repos";

  private static GitHubStandIn github;
  private static OwnRedis redis;
  private static Service service;
  private static Service other;
  private static Service plain;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.addToken("service-token", "robot");
    redis = OwnRedis.start();
    service = service("fast.lane", "true");
    other = service("public.url", "https://cache.example/api/v3");
    plain = service("fast.lane", "false");
  }

  private static Service service(String name, String value) {
    return Service.start(
            github,
            Map.of("redis.url", redis.url(), "github.api.token", "service-token", name, value))
        .ready();
  }

  @AfterAll
  static void stop() {
    plain.close();
    other.close();
    service.close();
    redis.close();
    github.close();
  }

  @BeforeEach
  void forget() {
    Stored.forgetForwarded(service);
    Stored.forgetForwarded(other);
    github.clearRequests();
  }

  /** Everything below /x has two links and may be stored. */
  private static GitHubStandIn.Handle linked() {
    return github.override(
        asked -> asked.path().startsWith("/x"),
        (asked, request) ->
            request
                .response()
                .putHeader("Cache-Control", "max-age=60")
                .putHeader("Link", "<%s/x?page=2>; rel=\"next\"".formatted(github.url()))
                .putHeader("Location", "/y")
                .end("{}"));
  }

  private static String field(HttpResponse<?> answer, String name) {
    return answer.headers().firstValue(name).orElse(null);
  }

  private static String link(Service service, String prefix) {
    return "<%s>; rel=\"next\"".formatted(service.url(prefix + "/x?page=2"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/", REPOS, REPOS + "?per_page=7&page=3", "/view/top/5/stars", "/healthcheck"})
  void ownAnswersAreTheSameWithPrefix(String target) {
    for (Service each : List.of(service, plain)) {
      HttpResponse<String> bare = each.get(target);
      for (int i = 0; i < 2; i++) { // by the routes, then by the fast lane
        HttpResponse<String> prefixed = each.get("/api/v3" + target);
        assertThat(prefixed.statusCode()).isEqualTo(200);
        assertThat(prefixed.body()).isEqualTo(bare.body());
        assertThat(field(prefixed, "ETag")).isEqualTo(field(bare, "ETag"));
      }
    }
    assertThat(github.requests()).isEmpty();
  }

  @Test
  void prefixAloneIsTheRoot() {
    for (String target : List.of("/api/v3", "/api/v3/", "/api/v3?")) {
      assertThat(service.get(target).body()).isEqualTo(service.get("/").body());
    }
  }

  @Test
  void linksOfPagesHaveThePrefixThatTheClientUsed() {
    for (Service each : List.of(service, plain)) {
      for (String prefix : List.of("", "/api/v3", "", "/api/v3")) {
        String path = prefix + REPOS;
        assertThat(field(each.get(path + "?per_page=7"), "Link"))
            .startsWith("<" + each.url(path) + "?per_page=7&page=2>; rel=\"next\"");
      }
    }
  }

  @Test
  void bothSpellingsShareOneStoredAnswer() {
    try (var answering = linked()) {
      for (String first : List.of("", "/api/v3")) {
        String second = first.isEmpty() ? "/api/v3" : "";
        String target = "/x?first=" + first;
        assertThat(field(service.get(first + target), "Cache-Status")).contains("stored");
        for (String prefix : List.of(second, first, second)) {
          for (Service each : List.of(service, plain)) { // from memory, and from Redis
            HttpResponse<String> hit = each.get(prefix + target);
            assertThat(field(hit, "Cache-Status")).contains("hit");
            assertThat(field(hit, "Link")).isEqualTo(link(each, prefix));
            assertThat(field(hit, "Location")).isEqualTo(prefix + "/y");
          }
        }
        assertThat(field(other.get(second + target), "Cache-Status"))
            .as("Redis lane")
            .contains("hit");
      }
    }
    assertThat(github.requests())
        .extracting(Recorded::target)
        .containsExactly("/x?first=", "/x?first=/api/v3");
  }

  @Test
  void publicUrlMayHaveThePrefix() {
    try (var answering = linked()) {
      for (String prefix : List.of("", "/api/v3")) {
        HttpResponse<String> answer = other.get(prefix + "/x");
        assertThat(field(answer, "Link"))
            .isEqualTo("<https://cache.example/api/v3/x?page=2>; rel=\"next\"");
        assertThat(field(answer, "Location")).isEqualTo("/api/v3/y");
      }
    }
  }

  @Test
  void writesArePassedOnWithoutPrefixAndInvalidateBothSpellings() {
    try (var answering = linked()) {
      service.get("/x");
      assertThat(field(service.send("POST", "/api/v3/x"), "Link"))
          .isEqualTo(link(service, "/api/v3"));
      assertThat(field(service.get("/x"), "Cache-Status")).contains("fwd=stale");
    }
    assertThat(github.requests()).extracting(Recorded::target).containsOnly("/x");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/graphql", "/api/graphql", "/api/v3/graphql", "/api/graphql?a=b"})
  void graphqlIsAtAllPaths(String target) {
    HttpResponse<String> answer =
        service.send(
            request ->
                request
                    .uri(java.net.URI.create(service.url(target)))
                    .header("Authorization", "Bearer service-token")
                    .POST(BodyPublishers.ofString("{\"query\":\"{viewer{login}}\"}")));
    assertThat(answer.body()).isEqualTo("{\"data\":{\"viewer\":{\"login\":\"robot\"}}}");
  }

  @Test
  void graphqlOfEnterpriseServerIsBesideTheRestApi() {
    try (Service enterprise =
        Service.start(github, Map.of("github.api.url", github.url() + "/api/v3"))) {
      for (String target :
          List.of("/graphql", "/api/graphql", "/api/v3/graphql", "/api/v3/zen", "/zen")) {
        enterprise.send("POST", target);
      }
    }
    assertThat(github.requests())
        .filteredOn(asked -> asked.method().equals("POST"))
        .extracting(Recorded::target)
        .containsExactly(
            "/api/graphql", "/api/graphql", "/api/graphql", "/api/v3/zen", "/api/v3/zen");
  }

  @ParameterizedTest
  @CsvSource({
    "/api/v3x, /api/v3x",
    "/api/v4/x, /api/v4/x",
    "/API/v3/x, /API/v3/x",
    "/api/graphqlx, /api/graphqlx",
    "/api/graphql/x, /api/graphql/x",
    "/api/v3/api/v3/x, /api/v3/x",
    "/api/v3//x, //x",
    "http://github.example/api/v3/x?y, /x?y",
  })
  void onlyWholeSegmentsAreThePrefix(String target, String atGitHub) {
    RawHttp.request(service.port(), "GET " + target + " HTTP/1.1", "Host: a");
    assertThat(github.requests()).extracting(Recorded::target).containsExactly(atGitHub);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/api/v3/user", "/api/v3/user/repos", "/api/v3//user", "/api/v3/api/v3/user"})
  void tokenIsNotLentToOwnerPathsWithPrefix(String target) {
    service.get(target);
    assertThat(github.requests())
        .isNotEmpty()
        .allMatch(asked -> asked.header("Authorization") == null);
  }
}
