package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The route files, edited while the service runs. */
class ReloadTest {

  private static final String ENDPOINT =
      """

      - route:
          id: zuul-issues
          description: The issues of zuul.
          from:
            uri: kamelet:cached-endpoint
            parameters: { path: "/repos/{{github.org}}/zuul/issues" }
            steps:
              - to: { uri: direct:refresh }
      """;

  private static final String VIEW =
      """

      - route:
          id: view-issues
          description: Issues by number.
          from:
            uri: kamelet:ranked-view
            parameters: { view: zuul, list: "/repos/{{github.org}}/zuul/issues", field: number, label: title }
            steps:
              - to: { uri: direct:rank }
      """;

  private static final String MENDED =
      """

      - route:
          id: mended
          description: Shows that the mended file is read.
          from:
            uri: direct:mended
            steps:
              - stop: {}
      """;

  @TempDir private Path routes;
  private GitHubStandIn github;
  private Service service;

  @BeforeEach
  void start() throws IOException {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    try (var files = Files.list(Path.of("routes"))) {
      for (Path file : files.toList()) {
        Files.copy(file, routes.resolve(file.getFileName()));
      }
    }
    service =
        Service.start(
                github,
                Map.of(
                    "camel.main.routes-include-pattern",
                    "file:" + routes + "/*.camel.yaml",
                    "camel.main.routes-reload-enabled",
                    "true",
                    "camel.main.routes-reload-directory",
                    routes.toString()))
            .ready();
  }

  @AfterEach
  void stop() {
    service.close();
    github.close();
  }

  private void append(String file, String text) throws IOException {
    Path path = routes.resolve(file);
    Files.writeString(path, Files.readString(path) + text);
  }

  private void replace(String file, String old, String text) throws IOException {
    Path path = routes.resolve(file);
    assertThat(Files.readString(path)).contains(old);
    Files.writeString(path, Files.readString(path).replace(old, text));
  }

  private static void soon(org.awaitility.core.ThrowingRunnable holds) {
    await().atMost(Duration.ofSeconds(20)).untilAsserted(holds);
  }

  private String met(String target) {
    return service.get(target).headers().firstValue("Cache-Status").orElse("");
  }

  @Test
  void anEndpointAndAViewOverItAreServedOnceTheyAreWrittenAndForwardedOnceTheyAreGone()
      throws IOException {
    String endpoints = Files.readString(routes.resolve("endpoints.camel.yaml"));
    String views = Files.readString(routes.resolve("views.camel.yaml"));
    append("endpoints.camel.yaml", ENDPOINT);
    soon(() -> assertThat(met("/repos/Netflix/zuul/issues")).contains("hit"));
    append("views.camel.yaml", VIEW);
    soon(() -> assertThat(json(service.get("/view/top/2/zuul"))).hasSize(2));

    Files.writeString(routes.resolve("views.camel.yaml"), views);
    soon(() -> assertThat(service.get("/view/top/2/zuul").statusCode()).isEqualTo(404));
    Files.writeString(routes.resolve("endpoints.camel.yaml"), endpoints);
    soon(() -> assertThat(met("/repos/Netflix/zuul/issues")).contains("fwd=uri-miss"));
    assertThat(service.context().getRoute("zuul-issues")).isNull();
    assertThat(service.context().getRoutes())
        .as("the routes that Camel makes of Kamelets go with them")
        .filteredOn(route -> route.getRouteId().startsWith("cached-endpoint-"))
        .hasSize(4);
  }

  @Test
  void anEditedEndpointIsRefreshedAtItsNewPathAndNoLongerAtTheOld() throws IOException {
    github.clearRequests();
    replace("endpoints.camel.yaml", "/members\",", "/members\", every: 1s,");
    soon(
        () ->
            assertThat(github.requests())
                .filteredOn(r -> r.path().equals("/orgs/Netflix/members"))
                .hasSizeGreaterThan(2));
    assertThat(github.requests())
        .as("the other endpoints of the file are left alone")
        .allSatisfy(r -> assertThat(r.path()).isEqualTo("/orgs/Netflix/members"));
  }

  @Test
  void anEditedViewIsRankedAsItSaysNow() throws IOException {
    replace(
        "views.camel.yaml",
        "view: stars, list: \"/orgs/{{github.org}}/repos\", field: stargazers_count",
        "view: stars, list: \"/orgs/{{github.org}}/repos\", field: name");
    soon(
        () ->
            assertThat(json(service.get("/view/bottom/1/stars")).get(0).get(1).isTextual())
                .isTrue());
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "views.camel.yaml,field: forks_count,feild: forks_count",
        "views.camel.yaml,view: forks,view: stars",
        "views.camel.yaml,id: view-forks,id: view-stars",
        "views.camel.yaml,uri: direct:rank },uri: nowhere:rank }",
        "views.camel.yaml,uri: direct:rank },uri: direct:rnak }",
        "views.camel.yaml,id: view-forks,# id: view-forks",
        "views.camel.yaml,- route:,-  route:",
        "views.camel.yaml,steps:,stepz:",
        "views.camel.yaml,uri: kamelet:ranked-view,uri: kamelet:ranked-veiw",
        "endpoints.camel.yaml,shape: object },`shape: object, every: ten }`",
        "endpoints.camel.yaml,/members,/repos"
      })
  void aMistakeLeavesTheLastGoodRoutesServingUntilItIsMended(String file, String good, String bad)
      throws IOException {
    Path path = routes.resolve(file);
    String before = Files.readString(path);
    // the good half of the edit shows when the bad half has been seen
    Files.writeString(path, before.replace(good, bad));
    Path other =
        routes.resolve(
            "views.camel.yaml".equals(file) ? "endpoints.camel.yaml" : "views.camel.yaml");
    Files.writeString(
        other,
        Files.readString(other)
            + (file.startsWith("views")
                ? ENDPOINT
                : VIEW.replace("zuul/issues", "../x")
                    .replace("/repos/{{github.org}}/../x", "/orgs/{{github.org}}/members")
                    .replace("field: number, label: title", "field: id, label: login")));
    String proof = file.startsWith("views") ? "/repos/Netflix/zuul/issues" : "/view/top/1/zuul";
    soon(() -> assertThat(met(proof)).contains("hit"));

    assertThat(service.get("/view/top/1/forks").statusCode()).isEqualTo(200);
    assertThat(service.get("/healthcheck").statusCode()).isEqualTo(200);
    assertThat(met("/orgs/Netflix/members")).contains("hit");

    Files.writeString(path, before + MENDED);
    soon(() -> assertThat(service.context().getRoute("mended")).isNotNull());
    assertThat(service.get("/view/top/1/stars").statusCode()).isEqualTo(200);
  }
}
