package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.apache.camel.Route;
import org.apache.camel.model.ModelCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** 150 live edits of the route files. */
@Tag("slow")
class ManyEditsTest {

  private static final List<String> REPOSITORIES = List.of("zuul", "eureka", "ribbon", "Priam");
  private static final List<String> FIELDS = List.of("number", "title", "created_at");

  private static final String VIEW =
      """

      - route:
          id: view-%1$s
          description: The issues of %1$s.
          from:
            uri: kamelet:ranked-view
            parameters: { view: %1$s, list: "/repos/{{github.org}}/%1$s/issues", field: %2$s, label: title }
            steps:
              - to: { uri: direct:rank }
      """;

  private static final String ENDPOINT =
      """

      - route:
          id: issues-%1$s
          description: The issues of %1$s.
          from:
            uri: kamelet:cached-endpoint
            parameters: { path: "/repos/{{github.org}}/%1$s/issues", every: %2$ss }
            steps:
              - to: { uri: direct:refresh }
      """;

  /** Rejected by the parser, twice by the catalog, and by Camel when it starts the route. */
  private static final List<String> MISTAKES =
      List.of(
          VIEW.formatted("bad", "number").replace("steps", "stepz"),
          VIEW.formatted("bad", "number").replace("field:", "feild:"),
          VIEW.formatted("bad", "number"),
          VIEW.formatted("bad", "number")
              .replace("/repos/{{github.org}}/bad/issues", "/orgs/{{github.org}}/repos")
              .replace("direct:", "nowhere:"));

  private final Random random = new Random(150);
  private final Map<String, Integer> endpoints = new TreeMap<>();
  private final Map<String, String> views = new TreeMap<>();

  @TempDir private Path routes;
  private String ownEndpoints;
  private String ownViews;
  private GitHubStandIn github;
  private LogLines log;
  private Service service;
  private int edits;

  @BeforeEach
  void start() throws IOException {
    github = GitHubStandIn.builder().limits(1_000_000, 1_000_000).build().start();
    Service.copyRoutes(routes);
    ownEndpoints = Files.readString(routes.resolve("endpoints.camel.yaml"));
    // one view of five, because each takes up to 250 ms to stop
    ownViews =
        Files.readString(routes.resolve("views.camel.yaml"))
            .replaceFirst("(?s)\\n- route:\\n    id: view-last-updated.*", "");
    Files.writeString(routes.resolve("views.camel.yaml"), ownViews);
    log = LogLines.of("io.github.camelrestcache.catalog.RouteReload");
    service = Service.reloading(github, routes);
  }

  @AfterEach
  void stop() {
    service.close();
    log.close();
    github.close();
  }

  @Test
  void manyEditsLeakNoRoutesEndpointsOrThreads() throws Exception {
    edit(false, "# the first edit\n", "reloaded");
    edit(true, "# the first edit\n", "reloaded");
    Map<String, Long> before = counts();
    Queue<String> failures = new ConcurrentLinkedQueue<>();
    var client = Executors.newSingleThreadScheduledExecutor();
    try {
      client.scheduleWithFixedDelay(() -> ask(failures), 0, 20, TimeUnit.MILLISECONDS);
      while (edits < 150) {
        boolean ofViews = !endpoints.isEmpty() && edits % 4 == 0;
        if (edits % 5 == 0) {
          edit(ofViews, MISTAKES.get(random.nextInt(MISTAKES.size())), "refused");
        } else {
          change(ofViews, REPOSITORIES.get(random.nextInt(REPOSITORIES.size())));
          edit(ofViews, "", "reloaded");
        }
        check();
      }
      views.clear();
      edit(true, "# the last edit\n", "reloaded");
      endpoints.clear();
      edit(false, "# the last edit\n", "reloaded");
      check();
    } finally {
      client.shutdown();
      client.awaitTermination(10, TimeUnit.SECONDS);
    }
    assertThat(failures).as("responses of endpoints and views that were never removed").isEmpty();
    await().untilAsserted(() -> assertThat(counts()).isEqualTo(before));
    github.clearRequests();
    await()
        .during(Duration.ofSeconds(3))
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(
            () -> assertThat(github.requests()).as("requests for removed endpoints").isEmpty());
  }

  /** Adds, changes or removes a repository's endpoint or view. */
  private void change(boolean ofViews, String repository) {
    boolean isRemoved = random.nextBoolean();
    if (ofViews) {
      String list =
          endpoints.containsKey(repository) ? repository : endpoints.keySet().iterator().next();
      String field = views.get(list);
      views.put(list, FIELDS.get(field == null ? 0 : (FIELDS.indexOf(field) + 1) % FIELDS.size()));
      if (isRemoved && field != null) {
        views.remove(list);
      }
    } else {
      Integer every = endpoints.put(repository, 1 + endpoints.getOrDefault(repository, 0) % 3);
      if (isRemoved && every != null && !views.containsKey(repository)) {
        endpoints.remove(repository);
      }
    }
  }

  /** Saves a file as an editor does, in two writes, and waits until the log reports the outcome. */
  private void edit(boolean ofViews, String more, String outcome) throws IOException {
    StringBuilder text = new StringBuilder(ofViews ? ownViews : ownEndpoints);
    if (ofViews) {
      views.forEach((repository, field) -> text.append(VIEW.formatted(repository, field)));
    } else {
      endpoints.forEach((repository, every) -> text.append(ENDPOINT.formatted(repository, every)));
    }
    text.append(more);
    int lines = log.lines().size();
    Path file = routes.resolve(ofViews ? "views.camel.yaml" : "endpoints.camel.yaml");
    Files.writeString(file, text.substring(0, ownViews.length() / 2));
    Files.writeString(file, text);
    edits++;
    await()
        .atMost(Duration.ofSeconds(20))
        .pollInterval(Duration.ofMillis(20))
        .until(() -> log.lines().size() > lines);
    assertThat(log.lines().get(lines)).contains(file.getFileName() + " is " + outcome);
  }

  private void check() {
    List<String> served = new ArrayList<>();
    json(service.get("/healthcheck"))
        .get("endpoints")
        .forEach(e -> served.add(e.get("path").asText()));
    assertThat(served)
        .as("after %d edits", edits)
        .hasSize(4 + endpoints.size())
        .containsAll(
            endpoints.keySet().stream().map(e -> "/repos/Netflix/" + e + "/issues").toList());
    for (String repository : REPOSITORIES) {
      assertThat(service.get("/view/top/1/" + repository).statusCode())
          .as("the view %s after %d edits", repository, edits)
          .isEqualTo(views.containsKey(repository) ? 200 : 404);
    }
  }

  private void ask(Queue<String> failures) {
    for (String target : List.of("/orgs/Netflix/members", "/view/top/1/forks")) {
      int status = service.get(target).statusCode();
      if (status != 200) {
        failures.add(target + " " + status);
      }
    }
  }

  /** Counts routes, route definitions, endpoints and threads by name, with digits replaced. */
  private Map<String, Long> counts() {
    CamelContext context = service.context();
    return Stream.of(
            context.getRoutes().stream().map(Route::getRouteId),
            ((ModelCamelContext) context)
                .getRouteDefinitions().stream().map(r -> "the definition of " + r.getRouteId()),
            context.getEndpoints().stream().map(Endpoint::getEndpointUri),
            Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(n -> n.matches(".*(timer|seda|Watcher).*")))
        .flatMap(each -> each)
        .collect(
            Collectors.groupingBy(
                name -> name.replaceAll("\\d+", "#"), TreeMap::new, Collectors.counting()));
  }
}
