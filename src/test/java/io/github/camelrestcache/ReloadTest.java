package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.apache.camel.Route;
import org.apache.camel.spi.Resource;
import org.apache.camel.support.ResourceSupport;
import org.apache.camel.support.RouteWatcherReloadStrategy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that are edited while the service runs. */
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

  private static final String MEMBERS =
      VIEW.replace("/repos/{{github.org}}/zuul/issues", "/orgs/{{github.org}}/members");

  private static final String ANOTHER_ROUTE =
      """

      - route:
          id: another
          description: Neither an endpoint nor a view.
          from:
            uri: direct:another
            steps:
              - stop: {}
      """;

  @TempDir private Path routes;
  private GitHubStandIn github;
  private Service service;
  private LogLines log;
  private LogLines camelLog;
  private int polls;

  @BeforeEach
  void start() throws IOException {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    Service.copyRoutes(routes);
    log = LogLines.of("io.github.camelrestcache.catalog.RouteReload");
    camelLog = LogLines.of("org.apache.camel.support.FileWatcherResourceReloadStrategy");
    service = Service.reloading(github, routes);
  }

  @AfterEach
  void stop() {
    service.close();
    github.close();
    log.close();
    camelLog.close();
  }

  private String read(String file) throws IOException {
    return Files.readString(routes.resolve(file));
  }

  private void write(String file, String text) throws IOException {
    Files.writeString(routes.resolve(file), text);
  }

  private void replace(String file, String old, String text) throws IOException {
    assertThat(read(file)).contains(old);
    write(file, read(file).replace(old, text));
  }

  private static void soon(org.awaitility.core.ThrowingRunnable holds) {
    await().atMost(Duration.ofSeconds(20)).untilAsserted(holds);
  }

  /** The Cache-Status of a page that was not requested before: a hit if its list is stored. */
  private String served(String path) {
    String page = path + "?page=1&per_page=" + (1 + polls++ % 100);
    return service.get(page).headers().firstValue("Cache-Status").orElse("");
  }

  @Test
  void addedEndpointAndViewAreServedUntilTheyAreRemoved() throws IOException {
    String endpoints = read("endpoints.camel.yaml");
    String views = read("views.camel.yaml");
    write("endpoints.camel.yaml", endpoints + ENDPOINT);
    soon(() -> assertThat(served("/repos/Netflix/zuul/issues")).contains("hit"));
    write("views.camel.yaml", views + VIEW);
    soon(() -> assertThat(json(service.get("/view/top/2/zuul"))).hasSize(2));

    write("views.camel.yaml", views);
    soon(() -> assertThat(service.get("/view/top/2/zuul").statusCode()).isEqualTo(404));
    write("endpoints.camel.yaml", endpoints);
    soon(() -> assertThat(served("/repos/Netflix/zuul/issues")).contains("fwd=uri-miss"));
    assertThat(service.context().getRoute("zuul-issues")).isNull();
    assertThat(timers()).hasSize(4);
  }

  /** The routes that Camel creates from the endpoint Kamelets. */
  private List<Route> timers() {
    return service.context().getRoutes().stream()
        .filter(route -> route.getRouteId().startsWith("cached-endpoint-"))
        .toList();
  }

  @Test
  void addedAndDeletedFilesAreReloaded() throws IOException {
    write("more.camel.yaml", ENDPOINT);
    soon(() -> assertThat(served("/repos/Netflix/zuul/issues")).contains("hit"));
    Files.delete(routes.resolve("more.camel.yaml"));
    soon(() -> assertThat(served("/repos/Netflix/zuul/issues")).contains("fwd=uri-miss"));
    assertThat(service.context().getRoute("zuul-issues")).isNull();
  }

  @Test
  void editedEndpointIsRefreshedAtItsNewInterval() throws IOException {
    github.clearRequests();
    replace("endpoints.camel.yaml", "/members\",", "/members\", every: 1s,");
    soon(
        () ->
            assertThat(github.requests())
                .filteredOn(r -> r.path().equals("/orgs/Netflix/members"))
                .hasSizeGreaterThan(2));
    assertThat(github.requests())
        .as("the other endpoints of the file are not refreshed")
        .allSatisfy(r -> assertThat(r.path()).isEqualTo("/orgs/Netflix/members"));
  }

  @Test
  void editedViewIsRankedByItsNewField() throws IOException {
    replace(
        "views.camel.yaml",
        "view: stars, list: \"/orgs/{{github.org}}/repos\", field: stargazers_count",
        "view: stars, list: \"/orgs/{{github.org}}/repos\", field: name");
    soon(
        () ->
            assertThat(json(service.get("/view/bottom/1/stars")).get(0).get(1).isTextual())
                .isTrue());
  }

  @Tag("slow")
  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "views.camel.yaml,field: forks_count,feild: forks_count,:5: ,'field'",
        "views.camel.yaml,view: forks,view: stars,:32: ,:5:",
        "views.camel.yaml,id: view-forks,id: view-stars,:32: ,:5:",
        "views.camel.yaml,id: view-forks,id: org-repos,:5: ,endpoints.camel.yaml:",
        "views.camel.yaml,id: view-forks,id: get,:5: ,no file",
        "views.camel.yaml,uri: direct:rank },uri: nowhere:rank },:5: ,nowhere",
        "views.camel.yaml,uri: direct:rank },uri: direct:rnak },:5: ,'direct:rank'",
        "views.camel.yaml,id: view-forks,# id: view-forks,:6: ,no id",
        "views.camel.yaml,steps:,stepz:,`, line 12,`,stepz",
        "views.camel.yaml,steps:,steps: [,`, line 12,`,expected",
        "views.camel.yaml,- route:,- rout:,`, line 5,`,rout",
        "views.camel.yaml,uri: kamelet:ranked-view,uri: kamelet:ranked-veiw,:5: ,'ranked-view'",
        "views.camel.yaml,}}/repos,}}/reps,:5: ,/orgs/Netflix/repos",
        "views.camel.yaml,{{github.org}},{{github.orgg}},:5: ,[github.orgg]",
        "endpoints.camel.yaml,shape: object },`shape: object, every: ten }`,:5: ,'ten'",
        "endpoints.camel.yaml,/members,/repos,:32: ,:23:",
        "endpoints.camel.yaml,id: org-repos,id: org-members,:32: ,:23:"
      })
  void mistakeIsLoggedInOneLineAndLastGoodRoutesServe(
      String file, String good, String bad, String line, String hint) throws IOException {
    String before = read(file);
    write(file, before.replace(good, bad));
    soon(() -> assertThat(log.lines()).anyMatch(each -> each.contains("is refused")));
    assertThat(log.lines())
        .filteredOn(each -> each.contains("is refused"))
        .singleElement()
        .asString()
        .contains(file + line, hint)
        .doesNotContain("\n");
    assertThat(camelLog.lines()).as("stack traces").isEmpty();

    assertThat(service.get("/view/top/1/forks").statusCode()).isEqualTo(200);
    assertThat(service.get("/healthcheck").statusCode()).isEqualTo(200);
    assertThat(served("/orgs/Netflix/members")).contains("hit");

    boolean isViews = file.startsWith("views");
    String other = isViews ? "endpoints.camel.yaml" : "views.camel.yaml";
    write(other, read(other) + (isViews ? ENDPOINT : MEMBERS));
    soon(() -> assertThat(log.lines()).anyMatch(each -> each.contains(other + " is reloaded")));

    write(file, before + ANOTHER_ROUTE);
    soon(() -> assertThat(service.context().getRoute("another")).isNotNull());
    assertThat(service.get("/view/top/1/stars").statusCode()).isEqualTo(200);
  }

  @Test
  void endpointIsScheduledOnceItsMistakeIsFixed() throws IOException {
    String endpoints = read("endpoints.camel.yaml");
    String every = ENDPOINT.replace("/issues\" }", "/issues\", every: 1s }");
    write("endpoints.camel.yaml", endpoints + every.replace("direct:refresh", "nowhere:refresh"));
    soon(() -> assertThat(log.lines()).anyMatch(each -> each.contains("is refused")));
    write("endpoints.camel.yaml", endpoints + every);
    soon(() -> assertThat(log.lines()).anyMatch(each -> each.contains("is reloaded")));
    assertThat(timers()).hasSize(5);
  }

  @Test
  void halfWrittenFileIsNotLoaded() throws Exception {
    String whole = read("views.camel.yaml");
    String half = whole.substring(0, whole.indexOf("- route:\n    id: view-stars"));
    Path file = routes.resolve("views.camel.yaml");
    var camel = service.context().hasService(RouteWatcherReloadStrategy.class).getResourceReload();
    camel.onReload(file.toString(), seenInTurn(file, half, whole));
    assertThat(service.get("/view/top/1/stars").statusCode()).isEqualTo(200);
    assertThat(log.lines()).noneMatch(line -> line.contains("is re"));

    camel.onReload(file.toString(), seenInTurn(file, half, half));
    assertThat(service.get("/view/top/1/stars").statusCode()).isEqualTo(404);
  }

  private static Resource seenInTurn(Path file, String... texts) {
    Queue<String> looks = new ArrayDeque<>(List.of(texts));
    return new ResourceSupport("file", file.toString()) {
      @Override
      public boolean exists() {
        return true;
      }

      @Override
      public InputStream getInputStream() {
        String text = looks.size() > 1 ? looks.poll() : looks.peek();
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
      }
    };
  }

  @ParameterizedTest
  @CsvSource({"kamelets/ranked-view.kamelet.yaml", "application.properties"})
  void editOfKameletOrPropertiesNeedsRestart(String file) throws IOException {
    // only the time is changed: these files belong to the project
    Files.setLastModifiedTime(Path.of(file), FileTime.from(Instant.now()));
    String name = Path.of(file).getFileName().toString();
    soon(() -> assertThat(restarts()).hasSize(1).allMatch(line -> line.contains(name)));
  }

  @Test
  void editOfOtherRoutesNeedsRestart() throws IOException {
    write("serve.camel.yaml", read("serve.camel.yaml") + ANOTHER_ROUTE);
    soon(() -> assertThat(restarts()).hasSize(1));
    assertThat(restarts()).allMatch(line -> line.contains("serve.camel.yaml"));
    assertThat(service.context().getRoute("another")).isNull();
  }

  private List<String> restarts() {
    return log.lines().stream().filter(line -> line.contains("restart the service")).toList();
  }
}
