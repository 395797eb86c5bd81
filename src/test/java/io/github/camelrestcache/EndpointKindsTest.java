package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.Recorded;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Cached lists that GitHub answers inside an object, with a query, or as another media type. */
class EndpointKindsTest {

  private static final String RUNS = "/repos/Netflix/zuul/actions/runs";
  private static final String ISSUES = "/repos/Netflix/zuul/issues";
  private static final String ALL_ISSUES = ISSUES + "?state=all&direction=asc";
  private static final String SEARCH = "/search/repositories?q=-engine-";
  private static final String STARS = "/repos/Netflix/zuul/stargazers?by=a+b";
  private static final String TOKEN = "caller-token";
  private static final String STAR = "application/vnd.github.star+json";

  private static final String MORE =
      """
      - route:
          id: zuul-runs
          description: The workflow runs of zuul.
          from:
            uri: kamelet:cached-endpoint
            parameters: { path: "/repos/{{github.org}}/zuul/actions/runs", items: workflow_runs }
            steps:
              - to: { uri: direct:refresh }
      - route:
          id: zuul-issues
          description: The open issues of zuul.
          from:
            uri: kamelet:cached-endpoint
            parameters: { path: "/repos/{{github.org}}/zuul/issues" }
            steps:
              - to: { uri: direct:refresh }
      - route:
          id: all-zuul-issues
          description: All issues of zuul, the oldest first.
          from:
            uri: kamelet:cached-endpoint
            parameters: { path: "RAW(/repos/{{github.org}}/zuul/issues?state=all&direction=asc)" }
            steps:
              - to: { uri: direct:refresh }
      - route:
          id: engines
          description: Repositories that are engines.
          from:
            uri: kamelet:cached-endpoint
            parameters: { path: "/search/repositories?q=-engine-", items: items }
            steps:
              - to: { uri: direct:refresh }
      - route:
          id: zuul-stars
          description: The stargazers of zuul, with times.
          from:
            uri: kamelet:cached-endpoint
            parameters: { path: "/repos/{{github.org}}/zuul/stargazers?by=a+b", accept: application/vnd.github.star+json }
            steps:
              - to: { uri: direct:refresh }
      - route:
          id: view-runs
          description: Workflow runs, the newest first.
          from:
            uri: kamelet:ranked-view
            parameters: { view: runs, list: "/repos/{{github.org}}/zuul/actions/runs", field: run_number, label: name }
            steps:
              - to: { uri: direct:rank }
      - route:
          id: view-all-issues
          description: All issues of zuul, the newest first.
          from:
            uri: kamelet:ranked-view
            parameters:
              view: all_issues
              list: "RAW(/repos/{{github.org}}/zuul/issues?state=all&direction=asc)"
              field: number
              label: title
            steps:
              - to: { uri: direct:rank }
      """;

  @TempDir private static Path folder;

  private static GitHubStandIn github;
  private static Service service;

  @BeforeAll
  static void start() throws IOException {
    github = GitHubStandIn.builder().repositories(137).limits(100_000, 100_000).build().start();
    github.addToken(TOKEN, "robot", "repo");
    github.override(
        asked -> asked.path().equals(RUNS),
        (asked, request) -> {
          boolean first = !asked.parameters().containsKey("page");
          if (first) {
            String next = github.url() + RUNS + "?per_page=100&page=2";
            request.response().putHeader("Link", "<" + next + ">; rel=\"next\"");
          }
          String runs =
              first
                  ? " {\"id\":1, \"name\":\"build\", \"run_number\":7,\"steps\":[{\"workflow_runs\":[]}]}"
                  : "{\"id\":2,\"name\":\"test\",\"run_number\":9}";
          request
              .response()
              .end(
                  "{\"total_count\":2,\"other\":{\"workflow_runs\":[0]},\"workflow_runs\":["
                      + runs
                      + " ] , \"more\":[1]}");
        });
    github.override(
        asked -> asked.target().startsWith(STARS),
        (asked, request) ->
            request
                .response()
                .end(
                    STAR.equals(asked.header("Accept"))
                        ? "[{\"starred_at\":\"2026-01-02T03:04:05Z\"}]"
                        : "[{\"login\":\"plain\"}]"));
    service = Service.startWith(github, folder, MORE, Map.of("refresh.interval", "1h"));
    close("1");
    await().until(() -> service.get(ALL_ISSUES).body().contains("closed"));
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  private static void close(String issue) {
    HttpResponse<String> closed =
        service.send(
            request ->
                request
                    .uri(URI.create(service.url(ISSUES) + "/" + issue))
                    .header("Authorization", "Bearer " + TOKEN)
                    .method("PATCH", BodyPublishers.ofString("{\"state\":\"closed\"}")));
    assertThat(closed.statusCode()).as(closed.body()).isEqualTo(200);
  }

  private static boolean isHit(HttpResponse<String> answer) {
    return answer.headers().firstValue("Cache-Status").orElse("").contains("; hit; ttl");
  }

  private static boolean isForwarded(String target, String... fields) {
    github.clearRequests();
    service.get(target, fields);
    return github.requests().stream().map(Recorded::target).anyMatch(target::equals);
  }

  @Test
  void itemsOfWrappedListAreOneArray() {
    HttpResponse<String> runs = service.get(RUNS);

    assertThat(isHit(runs)).isTrue();
    assertThat(runs.body())
        .isEqualTo(
            "[{\"id\":1, \"name\":\"build\", \"run_number\":7,\"steps\":[{\"workflow_runs\":[]}]},"
                + "{\"id\":2,\"name\":\"test\",\"run_number\":9}]");
  }

  @Test
  void wrappedListIsCutByPage() {
    HttpResponse<String> page = service.get(RUNS + "?per_page=1&page=2");

    assertThat(isHit(page)).isTrue();
    assertThat(page.body()).isEqualTo("[{\"id\":2,\"name\":\"test\",\"run_number\":9}]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"runs", "all_issues"})
  void viewRanksWrappedOrQueriedList(String view) {
    await()
        .untilAsserted(
            () -> assertThat(json(service.get("/view/top/2/" + view))).as(view).hasSize(2));
  }

  @Test
  void wrappedListOfSeveralPagesIsWhole() {
    HttpResponse<String> found = service.get(SEARCH);

    assertThat(isHit(found)).isTrue();
    assertThat(json(found)).isNotEmpty().allMatch(each -> each.has("full_name"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "?state=all&direction=asc",
        "?direction=asc&state=all",
        "?st%61te=all&direction=%61sc",
        "?per_page=100&state=all&direction=asc&page=1"
      })
  void orderAndEncodingOfParametersDoNotMatter(String query) {
    HttpResponse<String> answer = service.get(ISSUES + query);

    assertThat(isHit(answer)).isTrue();
    assertThat(json(answer))
        .extracting(each -> each.get("state").asText())
        .contains("open", "closed");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "?state=all",
        "?state=all&direction=asc&direction=asc",
        "?state=all&direction=asc&",
        "?state=all&direction=asc&page=1&page=2",
        "?state=closed&direction=asc"
      })
  void otherQueryIsForwarded(String query) {
    assertThat(isForwarded(ISSUES + query)).isTrue();
  }

  @Test
  void pathWithAndWithoutQueryAreTwoEndpoints() {
    HttpResponse<String> open = service.get(ISSUES);

    assertThat(isHit(open)).isTrue();
    assertThat(json(open)).extracting(each -> each.get("state").asText()).containsOnly("open");
  }

  @Test
  void linksKeepTheQuery() {
    HttpResponse<String> page = service.get(ISSUES + "?direction=asc&per_page=2&state=all");

    assertThat(page.headers().firstValue("Link").orElse(""))
        .startsWith(
            "<"
                + service.url(ISSUES + "?direction=asc&per_page=2&state=all&page=2")
                + ">; rel=\"next\"");
  }

  @Test
  void wholeListWithQueryIsNegotiatedInGzip() {
    String target = ALL_ISSUES;
    JsonNode plain = json(service.get(target));

    HttpResponse<byte[]> gzip = service.bytes("GET", target, "Accept-Encoding", "gzip");

    assertThat(gzip.headers().firstValue("Content-Encoding")).hasValue("gzip");
    assertThat(json(service.get(target))).isEqualTo(plain);
  }

  @Test
  void declaredMediaTypeIsServedToMatchingAccept() {
    HttpResponse<String> stars = service.get(STARS, "Accept", STAR);

    assertThat(isHit(stars)).isTrue();
    assertThat(stars.body()).contains("starred_at");
    assertThat(stars.headers().firstValue("Vary")).hasValue("Accept, Accept-Encoding");
    assertThat(isForwarded(STARS, "Accept", " ")).isTrue();
    assertThat(service.get(STARS, "Accept", "application/json").body()).contains("plain");
    assertThat(isForwarded(STARS)).isTrue();
    assertThat(service.get(RUNS, "Accept", STAR).headers().map().get("Cache-Status"))
        .noneMatch(status -> status.contains("; hit; ttl"));
  }

  @Test
  void writeBelowThePathRefreshesEveryQuery() {
    github.clearRequests();

    close("2");

    List<String> both = List.of(ISSUES + "?per_page=100", ALL_ISSUES + "&per_page=100");
    await()
        .untilAsserted(
            () -> assertThat(github.requests()).extracting(Recorded::target).containsAll(both));
  }
}
