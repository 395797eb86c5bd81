package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that are edited while the service runs. */
class ReloadTest extends EditedRoutes {

  @BeforeEach
  void start(@TempDir Path folder) throws IOException {
    edit(folder);
  }

  @AfterEach
  void stop() {
    close();
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
