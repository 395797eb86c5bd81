package io.github.camelrestcache;

import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.cache.SingleFlight.Flight;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.vertx.core.http.HttpServerRequest;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/**
 * A service before an upstream that holds its answers. It has four threads and twelve forward
 * slots, so a waiting request that held either would make the tests fail.
 */
abstract class CoalescedForwards extends OneService {
  static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** The requests that the upstream has received but not answered. */
  final Queue<HttpServerRequest> held = new ConcurrentLinkedQueue<>();

  AutoCloseable holding = () -> {};

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    service =
        Service.start(
                github,
                Map.of(
                    "request.threads",
                    "4",
                    "max.forwards",
                    "12",
                    "github.answer.timeout",
                    "60s",
                    "refresh.interval",
                    "1h",
                    "camel.main.inflight-repository-browse-enabled",
                    "true"))
            .ready();
  }

  @BeforeEach
  void hold() {
    holding =
        github.override(
            asked -> asked.path().startsWith("/x"), (asked, request) -> held.add(request));
  }

  @AfterEach
  void closeHeld() throws Exception {
    holding.close();
    held.forEach(request -> request.connection().close());
    await().until(() -> service.context().getInflightRepository().size() == 0);
  }

  static List<CompletableFuture<HttpResponse<String>>> ask(int times, String... headers) {
    return ask(service, times, headers);
  }

  static List<CompletableFuture<HttpResponse<String>>> ask(
      Service service, int times, String... headers) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(service.url("/x/one")));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return IntStream.range(0, times)
        .mapToObj(i -> CLIENT.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString()))
        .toList();
  }

  void awaitHeld(int requests) {
    await().atMost(Duration.ofSeconds(10)).until(() -> held.size() == requests);
  }

  /** Waits until this many requests wait for that of another client. */
  static void awaitWaiting(int requests) {
    awaitWaiting(requests, Set.of());
  }

  /** The same, not counting those that have not noticed the end of what they waited for before. */
  static void awaitWaiting(int requests, Set<Object> before) {
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> waiting().stream().filter(each -> !before.contains(each)).count() == requests);
  }

  /** For each request that waits or has waited, what it has waited for last. */
  static Set<Object> waiting() {
    return service.context().getInflightRepository().browse().stream()
        .map(each -> each.getExchange().getVariable("flight", Flight.class))
        .filter(flight -> flight != null && !flight.isLed())
        .collect(Collectors.toCollection(() -> Collections.newSetFromMap(new IdentityHashMap<>())));
  }

  static long asked() {
    return github.requests().stream().filter(asked -> asked.path().startsWith("/x")).count();
  }

  void answer(String body) {
    held.remove().response().putHeader("Cache-Control", "max-age=60").end(body);
  }

  /** Stores a stale response. */
  void storeStale(String directives) {
    var first = ask(1);
    awaitHeld(1);
    held.remove()
        .response()
        .putHeader("Cache-Control", directives)
        .putHeader("Age", "100")
        .putHeader("ETag", "\"a\"")
        .end("one");
    first.get(0).join();
  }

  static String status(HttpResponse<?> answer) {
    return answer.headers().firstValue("Cache-Status").get().replace("camel-rest-cache; ", "");
  }
}
