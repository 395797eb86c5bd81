package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static java.util.stream.Collectors.toList;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.GitHubStandIn.Handle;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The healthcheck, and the service while Redis or GitHub is down. */
class HealthcheckTest {

  private static final String ORG = "/orgs/Netflix";
  private static final String REPOS = "/orgs/Netflix/repos";
  private static final List<String> ENDPOINTS = List.of("/", ORG, ORG + "/members", REPOS);

  /** The views of the demo, in the order of their declarations. */
  static final List<String> VIEWS =
      List.of(
          "forks",
          "last_updated",
          "open_issues",
          "stars",
          "watchers",
          "sources",
          "languages",
          "language_stars");

  private static final Duration SOON = Duration.ofSeconds(20);

  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).close();
    }
  }

  @Test
  void is503UntilEverythingDeclaredIsStored() {
    GitHubStandIn github = gitHub();
    Queue<Runnable> held = new ConcurrentLinkedQueue<>();
    Handle holding =
        github.override(
            asked -> asked.path().startsWith(ORG),
            (asked, request) -> held.add(() -> github.answer(asked, request)));
    Service service = service(github, Map.of());
    await().atMost(SOON).until(() -> service.get("/").statusCode() == 200);

    HttpResponse<String> before = service.get("/healthcheck");

    assertThat(before.statusCode()).isEqualTo(503);
    assertThat(before.headers().allValues("Content-Type"))
        .singleElement()
        .asString()
        .startsWith("application/json");
    assertThat(json(before).get("status").asText()).isEqualTo("not ready");
    assertThat(names(before, "endpoints", "path")).isEqualTo(ENDPOINTS);
    assertThat(names(before, "views", "view")).isEqualTo(VIEWS);
    assertThat(ready(before, "endpoints")).containsExactly(true, false, false, false);
    assertThat(ready(before, "views")).containsOnly(false);
    assertThat(json(before).get("endpoints").get(3).get("fetched").isNull()).isTrue();

    holding.close();
    held.forEach(Runnable::run);
    service.ready();
    HttpResponse<String> after = service.get("/healthcheck");

    assertThat(json(after).get("status").asText()).isEqualTo("ready");
    assertThat(names(after, "endpoints", "path")).isEqualTo(ENDPOINTS);
    assertThat(names(after, "views", "view")).isEqualTo(VIEWS);
    assertThat(ready(after, "endpoints")).hasSize(4).containsOnly(true);
    assertThat(ready(after, "views")).hasSize(8).containsOnly(true);
    for (String list : List.of("endpoints", "views")) {
      for (JsonNode state : json(after).get(list)) {
        assertThat(Instant.parse(state.get("fetched").asText()))
            .isBetween(Instant.now().minusSeconds(120), Instant.now());
        assertThat(state.get("failure").isNull()).isTrue();
      }
    }

    HttpResponse<String> queried = service.get("/healthcheck?verbose=1&CamelHttpResponseCode=201");
    assertThat(queried.statusCode()).isEqualTo(200);
    assertThat(withoutTimes(queried)).isEqualTo(withoutTimes(after));
    HttpResponse<String> head = service.send("HEAD", "/healthcheck");
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
    for (String method : List.of("POST", "PUT", "PATCH", "DELETE")) {
      HttpResponse<String> refused = service.send(method, "/healthcheck");
      assertThat(refused.statusCode()).isEqualTo(405);
      assertThat(refused.headers().allValues("Allow")).containsExactly("GET, HEAD");
    }
    assertThat(github.requests()).noneMatch(asked -> asked.path().startsWith("/health"));
  }

  @Test
  void unrankableViewIsReportedWithoutItsFile(@TempDir Path folder) throws IOException {
    Path views =
        Files.writeString(
            folder.resolve("bad.camel.yaml"),
            """
            - route:
                id: view-bad
                description: The repositories by a label that they do not have.
                from:
                  uri: kamelet:ranked-view
                  parameters: { view: bad, list: "/orgs/{{github.org}}/repos", field: id, label: nick }
                  steps:
                    - to: { uri: direct:rank }
            """);
    String routes = "file:routes/*.camel.yaml,file:" + views;
    Service service = service(gitHub(), Map.of("camel.main.routes-include-pattern", routes));
    String failure =
        "The view 'bad' cannot rank /orgs/Netflix/repos: an item has no 'nick': set label to"
            + " another field";
    await().atMost(SOON).until(() -> service.get(REPOS).statusCode() == 200);

    HttpResponse<String> answer = service.get("/view/top/5/bad");
    HttpResponse<String> health = service.get("/healthcheck");
    String status =
        service
            .send(request -> request.uri(URI.create(service.managementUrl("/admin/status"))))
            .body();

    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(json(answer).get("detail").asText()).isEqualTo(failure);
    assertThat(health.statusCode()).isEqualTo(503);
    assertThat(states(health, "views"))
        .filteredOn(state -> state.get("view").asText().equals("bad"))
        .singleElement()
        .satisfies(state -> assertThat(state.get("failure").asText()).isEqualTo(failure));
    for (String body : List.of(answer.body(), health.body())) {
      assertThat(body).doesNotContain(folder.toString(), ".yaml", "jar!");
    }
    assertThat(status)
        .contains(failure, folder.getFileName() + "/bad.camel.yaml:1")
        .doesNotContain(folder.toString(), "file:");
  }

  @Test
  void missingRedisIsReportedAndUsedOnceItStarts() throws IOException {
    GitHubStandIn github = gitHub();
    int port = Service.freePort();
    Service service = service(github, Map.of("redis.url", "redis://127.0.0.1:" + port));

    HttpResponse<String> health = service.get("/healthcheck");
    assertThat(health.statusCode()).isEqualTo(503);
    assertThat(ready(health, "endpoints")).hasSize(4).containsOnly(false);
    assertThat(ready(health, "views")).hasSize(8).containsOnly(false);
    for (JsonNode state : json(health).get("endpoints")) {
      assertThat(state.get("failure").asText()).contains("The store does not answer");
    }
    for (JsonNode state : json(health).get("views")) {
      assertThat(state.get("failure").asText()).contains("The store does not answer");
    }
    List<HttpResponse<String>> refused = new ArrayList<>();
    for (String path : List.of("/", REPOS, "/view/top/5/stars")) {
      refused.add(service.get(path));
    }
    for (HttpResponse<String> answer : refused) {
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(answer.headers().allValues("Content-Type"))
          .containsExactly("application/json; charset=utf-8");
      assertThat(answer.headers().firstValue("Retry-After").orElse("")).matches("[1-9]\\d*");
      assertThat(json(answer).get("detail").asText()).contains("The store does not answer");
    }
    refused.add(health);
    assertThat(refused)
        .noneMatch(answer -> answer.body().matches("(?s).*(Exception|\\tat |java\\.).*"));
    assertThat(service.get("/zen").body()).isEqualTo("Keep it logically awesome.");

    redis(port);
    service.ready();

    assertThat(json(service.get(REPOS))).hasSize(30);
    assertThat(json(service.get("/view/top/100/stars"))).hasSize(30);
  }

  @Test
  void restartServesFromRedisWhileGitHubIsDown() throws IOException {
    GitHubStandIn github = gitHub();
    int port = Service.freePort();
    redis(port);
    Map<String, String> settings =
        Map.of(
            "redis.url", "redis://127.0.0.1:" + port,
            "github.connect.timeout", "1s",
            "near.cache.max.age", "1h");
    Service first = Service.start(github, settings).ready();
    String repos = first.get(REPOS).body();
    String stars = first.get("/view/top/30/stars").body();
    String modified = first.get(REPOS).headers().firstValue("Last-Modified").orElseThrow();
    first.close();
    github.close();

    Service second = service(github, settings);

    HttpResponse<String> answer = second.get(REPOS);
    assertThat(answer.body()).isEqualTo(repos);
    assertThat(answer.headers().firstValue("Cache-Status").orElse("")).contains("; hit; ttl=");
    assertThat(answer.headers().firstValue("Last-Modified")).hasValue(modified);
    assertThat(second.get("/view/top/30/stars").body()).isEqualTo(stars);
    assertThat(second.get("/healthcheck").statusCode()).isEqualTo(200);
    await()
        .atMost(SOON)
        .untilAsserted(
            () -> {
              for (JsonNode state : json(second.get("/healthcheck")).get("endpoints")) {
                assertThat(state.get("failure").asText()).contains("GitHub cannot be reached");
              }
            });
    assertThat(second.get("/zen").statusCode()).isEqualTo(502);

    Stored.in(second).delete(Stored.endpoint(github, ORG));
    Stored.forgetNear(second);
    HttpResponse<String> missing = second.get(ORG);
    assertThat(missing.statusCode()).isEqualTo(503);
    assertThat(json(missing).get("detail").asText()).contains("GitHub cannot be reached");
    assertThat(second.get("/healthcheck").statusCode()).isEqualTo(503);

    github.start();
    second.ready();
    await()
        .atMost(SOON)
        .untilAsserted(
            () -> {
              for (JsonNode state : json(second.get("/healthcheck")).get("endpoints")) {
                assertThat(state.get("failure").isNull()).isTrue();
              }
            });
    assertThat(second.get(REPOS).headers().firstValue("Last-Modified")).hasValue(modified);
  }

  private GitHubStandIn gitHub() {
    GitHubStandIn github =
        GitHubStandIn.builder().repositories(30).limits(100_000, 100_000).build().start();
    open.add(github);
    return github;
  }

  private Service service(GitHubStandIn github, Map<String, String> settings) {
    Map<String, String> all = new HashMap<>(settings);
    all.put("refresh.interval", "300ms");
    Service service = Service.start(github, all);
    open.add(service);
    return service;
  }

  private void redis(int port) {
    open.add(OwnRedis.at(port));
  }

  private static List<String> names(HttpResponse<String> health, String list, String name) {
    return states(health, list).stream().map(state -> state.get(name).asText()).toList();
  }

  private static List<Boolean> ready(HttpResponse<String> health, String list) {
    return states(health, list).stream().map(state -> state.get("ready").asBoolean()).toList();
  }

  private static List<JsonNode> states(HttpResponse<String> health, String list) {
    return StreamSupport.stream(json(health).get(list).spliterator(), false).collect(toList());
  }

  /** The body without times, because a refresh may happen between two healthchecks. */
  private static String withoutTimes(HttpResponse<String> health) {
    return health.body().replaceAll("\"fetched\":\"[^\"]*\"", "");
  }
}
