package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.refresh.Schedule;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.GitHubStandIn.Handle;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How much of GitHub's rate limit refreshes use, as GitHub counts it. */
@Tag("slow")
class ReserveTest {

  private static final String BLOCK =
      """
      - route:
          id: crowd-%s
          description: One of many.
          from:
            uri: kamelet:cached-endpoint
            parameters: { path: /repos/Netflix/%s, shape: object }
            steps:
              - to: { uri: direct:refresh }
      """;

  @TempDir private static Path folder;

  private static final String TOKEN = "service-token";
  private static final Duration SOON = Duration.ofSeconds(20);

  @Test
  void anonymousRefreshesLeaveTheReserveToCallers() throws Exception {
    try (GitHubStandIn github = GitHubStandIn.builder().build().start();
        Service service = Service.start(github, Map.of("refresh.interval", "500ms")).ready()) {
      Instant end = Instant.now().plusSeconds(10);
      await().atMost(SOON).until(() -> Instant.now().isAfter(end));

      assertThat(remaining(github, null)).isGreaterThanOrEqualTo(12);
      assertThat(service.get("/healthcheck").statusCode()).isEqualTo(200);
      assertThat(service.get("/zen").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void firstFetchesLeaveTheReserveToCallers() throws Exception {
    try (GitHubStandIn github = GitHubStandIn.builder().repositories(100).build().start()) {
      StringBuilder blocks = new StringBuilder();
      github.repositoryNames().forEach(name -> blocks.append(BLOCK.formatted(name, name)));
      Path many = Files.writeString(folder.resolve("many.camel.yaml"), blocks);
      Map<String, String> settings =
          Map.of(
              "refresh.interval",
              "1h",
              "camel.main.routes-include-pattern",
              "file:routes/*.camel.yaml,file:" + many);
      try (Service service = Service.start(github, settings)) {
        await()
            .atMost(SOON)
            .until(
                () ->
                    json(service.get("/healthcheck"))
                            .get("endpoints")
                            .findValues("failure")
                            .stream()
                            .filter(failure -> failure.asText().contains("GITHUB_RATE_RESERVE"))
                            .count()
                        > 50);
        await().until(() -> github.inFlight() == 0);

        assertThat(remaining(github, null)).isBetween(12, 20);
        assertThat(service.get("/zen").statusCode()).isEqualTo(200);
      }
    }
  }

  @Test
  void anonymousDefaultsStretchIntervalsToTheLimit() throws Exception {
    try (GitHubStandIn github = GitHubStandIn.builder().build().start();
        Service service = Service.start(github, Map.of()).ready()) {
      int first = 60 - remaining(github, null);

      // root, organization, one page of members, two of repositories, the first one again
      assertThat(first).isEqualTo(6);
      assertThat(json(service.get("/healthcheck")).get("endpoints"))
          .allMatch(endpoint -> endpoint.get("failure").isNull());
      URI operators = URI.create(service.managementUrl("/admin/endpoints"));
      assertThat(json(service.send(request -> request.uri(operators))))
          .anyMatch(endpoint -> endpoint.get("stretch").asDouble() > 1);
    }
  }

  @Test
  void unchangedRefreshesWithTokenAreFreeAndOnSchedule() throws Exception {
    try (GitHubStandIn github = GitHubStandIn.builder().build().start()) {
      github.addToken(TOKEN, "robot");
      Map<String, String> settings =
          Map.of("refresh.interval", "500ms", "github.api.token", TOKEN, "github.org", "Netflix");
      try (Service service = Service.start(github, settings).ready()) {
        Instant first = fetched(service);
        await().atMost(SOON).until(() -> fetched(service).isAfter(first.plusSeconds(2)));
        github.budget(100);
        github.clearRequests();
        await().atMost(SOON).until(() -> github.requestCount() > 40);

        assertThat(remaining(github, TOKEN)).isEqualTo(100);
        Instant fetched = fetched(service);
        await().atMost(SOON).until(() -> fetched(service).isAfter(fetched.plusSeconds(1)));
      }
    }
  }

  @Test
  void eachInstanceRefreshesEightEndpointsAtATime() throws Exception {
    StringBuilder blocks = new StringBuilder();
    try (GitHubStandIn github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
        OwnRedis redis = OwnRedis.start()) {
      for (String name : github.repositoryNames().subList(0, 20)) {
        blocks.append(BLOCK.formatted(name, name));
      }
      Path crowd = Files.writeString(folder.resolve("crowd.camel.yaml"), blocks);
      Queue<Runnable> held = new ConcurrentLinkedQueue<>();
      Handle holding =
          github.override(
              asked -> true, (asked, request) -> held.add(() -> github.answer(asked, request)));
      Map<String, String> settings =
          Map.of(
              "redis.url",
              redis.url(),
              "refresh.interval",
              "1h",
              "camel.main.routes-include-pattern",
              "file:routes/*.camel.yaml,file:" + crowd);
      try (Service one = Service.start(github, settings);
          Service two = Service.start(github, settings)) {
        await().atMost(SOON).until(() -> github.inFlight() == 16);
        Instant end = Instant.now().plusSeconds(2);
        await().atMost(SOON).until(() -> Instant.now().isAfter(end));
        assertThat(github.maxInFlight()).isEqualTo(16);

        holding.close();
        held.forEach(Runnable::run);
        one.ready();
        two.ready();
        assertThat(github.maxInFlight()).isEqualTo(16);
      }
    }
  }

  @Test
  void failedRefreshIsRetriedBeforeItsInterval() throws Exception {
    try (GitHubStandIn github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
        Service service = Service.start(github, Map.of("refresh.interval", "1h")).ready()) {
      Handle failing =
          github.override(
              asked -> asked.path().equals("/orgs/Netflix"),
              (asked, request) -> request.response().setStatusCode(500).end("no"));
      var registry = service.context().getRegistry();
      CachedEndpoint org = registry.findSingleByType(Catalog.class).endpoint("/orgs/Netflix");
      registry.findSingleByType(Schedule.class).soon(org);
      await().atMost(SOON).until(() -> service.get("/healthcheck").body().contains("with 500"));
      failing.close();

      await()
          .atMost(Duration.ofSeconds(15))
          .until(() -> !service.get("/healthcheck").body().contains("with 500"));
    }
  }

  private static Instant fetched(Service service) {
    JsonNode endpoints = json(service.get("/healthcheck")).get("endpoints");
    return Instant.parse(endpoints.get(3).get("fetched").asText());
  }

  /** The remaining requests; asking for them is free. */
  private static int remaining(GitHubStandIn github, String token)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(github.url() + "/rate_limit")).header("User-Agent", "x");
    if (token != null) {
      request.header("Authorization", "Bearer " + token);
    }
    String limits =
        HttpClient.newHttpClient()
            .send(request.build(), HttpResponse.BodyHandlers.ofString())
            .body();
    return new ObjectMapper().readTree(limits).get("rate").get("remaining").asInt();
  }
}
