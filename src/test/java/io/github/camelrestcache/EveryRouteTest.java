package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.net.URI;
import java.net.http.HttpRequest;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.camel.Route;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.core.RedisTemplate;

class EveryRouteTest {

  @Test
  void everyRouteIsExercised() {
    try (GitHubStandIn github = GitHubStandIn.builder().limits(10_000, 10_000).build().start();
        Service service =
            Service.start(
                github,
                Map.of(
                    "refresh.interval",
                    "200ms",
                    "cold.wait",
                    "5s",
                    "github.webhook.secret",
                    WebhookTest.SECRET))) {
      service.ready();
      github.updateRepository("zuul", repository -> repository.put("stargazers_count", 1));
      service.get("/view/top/1/stars");
      for (String method : List.of("HEAD", "GET", "POST", "PUT", "PATCH", "DELETE", "REPORT")) {
        service.send(method, "/zen");
      }
      service.send(
          request ->
              request
                  .uri(URI.create(service.url("/markdown")))
                  .POST(HttpRequest.BodyPublishers.ofString("{\"text\": \"written\"}")));
      github.override(
          asked -> asked.path().equals("/x/stale"),
          (asked, request) -> {
            request.response().putHeader("Cache-Control", "stale-while-revalidate=60, max-age=1");
            request.response().putHeader("Age", "9").putHeader("ETag", "\"a\"").end("{}");
          });
      service.get("/x/stale");
      service.get("/x/stale");
      WebhookTest.deliver(service, "star");
      await()
          .untilAsserted(
              () -> {
                // repeated until a request arrives between the flush and the next refresh
                RedisTemplate<?, ?> redis =
                    service.context().getRegistry().findSingleByType(RedisTemplate.class);
                redis.execute(
                    connection -> {
                      connection.serverCommands().flushAll();
                      return null;
                    },
                    true);
                Stored.forgetNear(service);
                service.get("/orgs/Netflix/repos");
                Stored.forgetNear(service);
                service.get("/view/top/1/stars");
                assertThat(passed(service)).contains("await-refresh", "load-view");
              });
      Set<String> all =
          service.context().getRoutes().stream()
              .filter(route -> !route.isCreatedByKamelet())
              .map(Route::getRouteId)
              .collect(Collectors.toSet());
      await().untilAsserted(() -> assertThat(passed(service)).containsAll(all));
    }
  }

  /** The ids of the routes for which metrics have counted an exchange. */
  private static Set<String> passed(Service service) {
    return service
        .send(request -> request.uri(URI.create(service.managementUrl("/observe/metrics"))))
        .body()
        .lines()
        .filter(line -> line.startsWith("camel_exchanges_total{") && !line.endsWith(" 0.0"))
        .map(line -> line.replaceFirst(".*route_id=\"([^\"]*)\".*", "$1"))
        .collect(Collectors.toSet());
  }
}
