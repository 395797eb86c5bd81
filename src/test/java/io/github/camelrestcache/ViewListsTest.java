package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A view of several lists, through the routes of two instances with one Redis. */
class ViewListsTest {

  private static final Duration SOON = Duration.ofSeconds(15);

  private static final String ROUTES =
      """
      - route:
          id: a
          description: A list.
          from:
            uri: kamelet:cached-endpoint
            parameters: { path: /x/a, every: 300ms }
            steps:
              - to: { uri: direct:refresh }
      - route:
          id: b
          description: A list that is refreshed rarely.
          from:
            uri: kamelet:cached-endpoint
            parameters: { path: /x/b, every: 1h }
            steps:
              - to: { uri: direct:refresh }
      - route:
          id: view-both
          description: The items of both.
          from:
            uri: kamelet:ranked-view
            parameters: { view: both, list: "/x/a,/x/b", field: v, label: n, only: "hidden!=true" }
            steps:
              - to: { uri: direct:rank }
      - route:
          id: view-groups
          description: The groups of both.
          from:
            uri: kamelet:grouped-view
            parameters: { view: groups, list: "/x/b,/x/a", by: g, measure: "sum: v" }
            steps:
              - to: { uri: direct:rank }
      """;

  @TempDir private Path folder;
  private final Map<String, String> lists = new ConcurrentHashMap<>();
  private GitHubStandIn github;
  private OwnRedis redis;

  @BeforeEach
  void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    redis = OwnRedis.start();
    lists.put(
        "/x/a", "[{\"n\":\"a1\",\"v\":1,\"g\":\"G\"},{\"n\":\"a2\",\"v\":9,\"hidden\":true}]");
    lists.put("/x/b", "[{\"n\":\"b1\",\"v\":2,\"g\":\"G\"},{\"n\":\"b2\",\"v\":5,\"g\":\"H\"}]");
    github.override(
        asked -> asked.path().startsWith("/x/"),
        (asked, request) -> {
          String list = lists.get(asked.path());
          request.response().setStatusCode(list == null ? 500 : 200);
          request.response().putHeader("Content-Type", "application/json");
          request.response().end(list == null ? "{}" : list);
        });
  }

  @AfterEach
  void stop() {
    redis.close();
    github.close();
  }

  private Service service(Map<String, String> settings) throws IOException {
    Path file = Files.writeString(folder.resolve("more.camel.yaml"), ROUTES);
    Map<String, String> all = new HashMap<>(settings);
    all.put("camel.main.routes-include-pattern", "file:routes/*.camel.yaml,file:" + file);
    all.put("redis.url", redis.url());
    return Service.start(github, all);
  }

  private static String rows(Service service, String view) {
    return service.get("/view/top/9/" + view).body();
  }

  @Test
  void changeOfOneListSortsTheViewInAllInstances() throws IOException {
    try (Service one = service(Map.of()).ready();
        Service other = service(Map.of()).ready()) {
      for (Service each : new Service[] {one, other}) {
        assertThat(rows(each, "both")).isEqualTo("[[\"b2\",5],[\"b1\",2],[\"a1\",1]]");
        assertThat(rows(each, "groups")).isEqualTo("[[\"H\",5],[\"G\",3]]");
      }
      lists.put("/x/a", "[{\"n\":\"a1\",\"v\":7,\"g\":\"G\"}]");
      for (Service each : new Service[] {one, other}) {
        await()
            .atMost(SOON)
            .untilAsserted(
                () -> {
                  assertThat(rows(each, "both")).isEqualTo("[[\"a1\",7],[\"b2\",5],[\"b1\",2]]");
                  assertThat(rows(each, "groups")).isEqualTo("[[\"G\",9],[\"H\",5]]");
                });
      }
    }
  }

  @Test
  void viewSaysOfWhichVersionsItIsAndItsAgeIsThatOfTheOldestList() throws IOException {
    try (Service service = service(Map.of()).ready()) {
      assertThat(rows(service, "both")).startsWith("[[\"b2\"");
      String tags =
          service.get("/x/a").headers().firstValue("ETag").orElseThrow()
              + service.get("/x/b").headers().firstValue("ETag").orElseThrow();
      HttpResponse<String> status =
          service.send(request -> request.uri(URI.create(service.managementUrl("/admin/status"))));
      assertThat(json(status).path("views"))
          .filteredOn(view -> view.path("name").asText().equals("both"))
          .extracting(view -> view.path("versions"))
          .allSatisfy(
              versions ->
                  assertThat("\"" + versions.get(0).asText() + "\"\"" + versions.get(1).asText())
                      .isEqualTo(tags.substring(0, tags.length() - 1)));
      await()
          .atMost(SOON)
          .untilAsserted(
              () -> {
                HttpResponse<String> view = service.get("/view/top/9/both");
                assertThat(view.headers().firstValue("Age").map(Long::valueOf).orElseThrow())
                    .isGreaterThanOrEqualTo(2);
                assertThat(view.headers().firstValue("Cache-Control")).hasValue("max-age=3600");
                assertThat(view.headers().firstValue("Last-Modified")).isEmpty();
              });
    }
  }

  @Test
  void viewIsNotReadyUntilItHasAllLists() throws IOException {
    String b = lists.remove("/x/b");
    try (Service service = service(Map.of("cold.wait", "1s"))) {
      await().atMost(SOON).until(() -> service.get("/x/a").statusCode() == 200);
      HttpResponse<String> answer = service.get("/view/top/9/both");
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(json(answer).path("message").asText()).startsWith("/x/b is not stored yet. ");
      assertThat(json(service.get("/healthcheck")).path("views"))
          .filteredOn(view -> view.path("view").asText().equals("both"))
          .allSatisfy(
              view -> {
                assertThat(view.path("ready").asBoolean()).isFalse();
                assertThat(view.path("list").asText()).isEqualTo("/x/a,/x/b");
                assertThat(view.path("failure").asText()).contains("500");
              });

      lists.put("/x/b", b);
      await().atMost(SOON.multipliedBy(2)).until(() -> rows(service, "both").contains("b2"));
    }
  }
}
