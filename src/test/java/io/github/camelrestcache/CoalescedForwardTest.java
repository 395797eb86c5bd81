package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.cache.Flights.Flight;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.Recorded;
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
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Concurrent identical reads share one request to GitHub. The service has four threads and twelve
 * forward slots, so a waiting request that held either would make the tests fail.
 */
class CoalescedForwardTest {

  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private static GitHubStandIn github;
  private static Service service;

  /** The requests that the upstream has received but not answered. */
  private final Queue<HttpServerRequest> held = new ConcurrentLinkedQueue<>();

  private AutoCloseable holding = () -> {};

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

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  @BeforeEach
  void hold() {
    Stored.forgetForwarded(service);
    github.clearRequests();
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

  private static List<CompletableFuture<HttpResponse<String>>> ask(int times, String... headers) {
    return ask(service, times, headers);
  }

  private static List<CompletableFuture<HttpResponse<String>>> ask(
      Service service, int times, String... headers) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(service.url("/x/one")));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return IntStream.range(0, times)
        .mapToObj(i -> CLIENT.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString()))
        .toList();
  }

  private void awaitHeld(int requests) {
    await().atMost(Duration.ofSeconds(10)).until(() -> held.size() == requests);
  }

  /** Waits until this many requests wait for that of another client. */
  private static void awaitWaiting(int requests) {
    awaitWaiting(requests, Set.of());
  }

  /** The same, not counting those that have not noticed the end of what they waited for before. */
  private static void awaitWaiting(int requests, Set<Object> before) {
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> waiting().stream().filter(each -> !before.contains(each)).count() == requests);
  }

  /** For each request that waits or has waited, what it has waited for last. */
  private static Set<Object> waiting() {
    return service.context().getInflightRepository().browse().stream()
        .map(each -> each.getExchange().getVariable("flight", Flight.class))
        .filter(flight -> flight != null && !flight.isLed())
        .collect(Collectors.toCollection(() -> Collections.newSetFromMap(new IdentityHashMap<>())));
  }

  private static long asked() {
    return github.requests().stream().filter(asked -> asked.path().startsWith("/x")).count();
  }

  private void answer(String body) {
    held.remove().response().putHeader("Cache-Control", "max-age=60").end(body);
  }

  /** Stores a stale response. */
  private void storeStale(String directives) {
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

  private static String status(HttpResponse<?> answer) {
    return answer.headers().firstValue("Cache-Status").get().replace("camel-rest-cache; ", "");
  }

  @Test
  void hitAfterCoalescingIsNotMarkedCollapsed() {
    var answers = ask(20);
    awaitHeld(1);
    awaitWaiting(19);
    answer("{}");

    assertThat(answers).anyMatch(each -> status(each.join()).endsWith("; collapsed"));
    assertThat(ask(3)).allMatch(each -> status(each.join()).startsWith("hit; ttl="));
  }

  @Test
  void identicalReadsShareOneRequestAndHoldNoThread() {
    var answers = ask(500);
    awaitHeld(1);
    awaitWaiting(499);

    assertThat(service.get("/orgs/Netflix").statusCode()).as("threads are free").isEqualTo(200);
    assertThat(service.get("/zen").statusCode()).as("a connection is free").isEqualTo(200);

    answer("one");
    assertThat(answers).allSatisfy(each -> assertThat(each.join().body()).isEqualTo("one"));
    assertThat(asked()).isEqualTo(1);
    assertThat(answers.stream().map(each -> status(each.join())))
        .containsOnly("fwd=uri-miss; fwd-status=200; stored", "fwd=uri-miss; collapsed")
        .filteredOn(status -> status.endsWith("stored"))
        .hasSize(1);
  }

  @Test
  void staleReadsShareOneRevalidation() {
    storeStale("max-age=60");
    var answers = ask(50);
    awaitHeld(1);
    awaitWaiting(49);
    held.remove().response().setStatusCode(304).putHeader("ETag", "\"a\"").end();

    assertThat(answers).allSatisfy(each -> assertThat(each.join().body()).isEqualTo("one"));
    assertThat(asked()).isEqualTo(2);
    assertThat(answers.stream().map(each -> status(each.join())))
        .containsOnly("fwd=stale; fwd-status=304", "fwd=stale; collapsed");
  }

  @Test
  void oneFollowerRetriesAfterBrokenConnection() {
    var answers = ask(50);
    awaitHeld(1);
    awaitWaiting(49);
    held.remove().connection().close();
    awaitHeld(1);
    answer("one");

    var statuses = answers.stream().map(each -> each.join().statusCode()).toList();
    assertThat(statuses).containsOnly(200, 502).filteredOn(status -> status == 502).hasSize(1);
    assertThat(asked()).isEqualTo(2);
  }

  @Test
  void oneFollowerRetriesAfterGitHubError() {
    var answers = ask(50);
    awaitHeld(1);
    awaitWaiting(49);
    held.remove().response().setStatusCode(502).end("unicorn");
    awaitHeld(1);
    answer("one");

    var statuses = answers.stream().map(each -> each.join().statusCode()).toList();
    assertThat(statuses).containsOnly(200, 502).filteredOn(status -> status == 502).hasSize(1);
    assertThat(asked()).isEqualTo(2);
  }

  @Test
  void followersOfNoCacheResponseAskConcurrently() {
    var answers = ask(10);
    awaitHeld(1);
    awaitWaiting(9);
    await()
        .until(
            () -> {
              for (HttpServerRequest each = held.poll(); each != null; each = held.poll()) {
                each.response()
                    .putHeader("Cache-Control", "no-cache")
                    .putHeader("ETag", "\"a\"")
                    .end("one");
              }
              return answers.stream().allMatch(CompletableFuture::isDone);
            });
    assertThat(answers).allSatisfy(each -> assertThat(each.join().body()).isEqualTo("one"));
    assertThat(asked()).isEqualTo(10);
  }

  @Test
  void staleIfErrorServesAllFollowers() {
    storeStale("max-age=60");
    var answers = ask(40);
    awaitHeld(1);
    awaitWaiting(39);
    held.remove().response().setStatusCode(503).end("no");

    assertThat(answers).allSatisfy(each -> assertThat(each.join().body()).isEqualTo("one"));
    assertThat(asked()).isEqualTo(2);
    assertThat(answers.stream().map(each -> status(each.join())))
        .containsOnly(
            "fwd=stale; fwd-status=503; detail=stale-if-error",
            "fwd=stale; collapsed; detail=stale-if-error");
  }

  @Test
  void oneFollowerRetriesMustRevalidate() {
    storeStale("max-age=60, must-revalidate");
    var answers = ask(40);
    awaitHeld(1);
    awaitWaiting(39);
    held.remove().connection().close();
    awaitHeld(1);
    answer("two");

    assertThat(answers.stream().map(each -> each.join().statusCode()).toList())
        .containsOnly(200, 502)
        .filteredOn(status -> status == 502)
        .hasSize(1);
    assertThat(asked()).isEqualTo(3);
  }

  @Test
  void secondFailureEndsAllFollowers() {
    var answers = ask(40);
    awaitHeld(1);
    awaitWaiting(39);
    Set<Object> first = waiting();
    held.remove().response().setStatusCode(503).end("no");
    awaitHeld(1);
    awaitWaiting(38, first);
    held.remove().connection().close();

    assertThat(answers.stream().map(each -> each.join().statusCode()).toList())
        .containsOnly(502, 503)
        .filteredOn(status -> status == 503)
        .hasSize(1);
    assertThat(asked()).isEqualTo(2);
  }

  @Test
  void hangingLeaderIsReplaced() {
    try (Service impatient = Service.start(github, Map.of("github.answer.timeout", "8s"))) {
      var answers = ask(impatient, 20);
      awaitHeld(1);
      HttpServerRequest hanging = held.remove();
      awaitHeld(1);
      // one of the others asks GitHub, and the rest wait for it
      await().during(Duration.ofSeconds(1)).until(() -> held.size() == 1 && asked() == 2);
      answer("one");

      await().until(() -> answers.stream().filter(CompletableFuture::isDone).count() == 19);
      assertThat(asked()).isEqualTo(2);
      hanging.response().end("late");
      assertThat(answers.stream().map(each -> each.join().body())).containsOnly("one", "late");
    }
  }

  @Test
  void unstorableResponseIsNotShared() {
    var answers = ask(10);
    awaitHeld(1);
    awaitWaiting(9);
    held.remove().response().setStatusCode(404).end("no");
    await()
        .until(
            () -> {
              for (HttpServerRequest each = held.poll(); each != null; each = held.poll()) {
                each.response().setStatusCode(404).end("no");
              }
              return answers.stream().allMatch(CompletableFuture::isDone);
            });
    assertThat(answers).allSatisfy(each -> assertThat(each.join().statusCode()).isEqualTo(404));
    assertThat(asked()).isEqualTo(10);
  }

  @Test
  void differentAcceptIsNotCoalesced() {
    var one = ask(1, "Accept", "application/vnd.github.raw+json");
    awaitHeld(1);
    var other = ask(1, "Accept", "text/html");
    awaitHeld(2);
    held.forEach(
        request ->
            request
                .response()
                .putHeader("Vary", "Accept")
                .putHeader("Cache-Control", "max-age=60")
                .end(request.getHeader("Accept")));
    held.clear();
    assertThat(one.get(0).join().body()).isEqualTo("application/vnd.github.raw+json");
    assertThat(other.get(0).join().body()).isEqualTo("text/html");
  }

  @Test
  void differentCredentialsAreNotCoalesced() {
    var mine = ask(5, "Authorization", "Bearer mine");
    awaitHeld(1);
    var yours = ask(5, "Authorization", "Bearer yours");
    awaitHeld(2);
    awaitWaiting(8);
    held.forEach(
        request ->
            request
                .response()
                .putHeader("Cache-Control", "private, max-age=60")
                .end(request.getHeader("Authorization")));
    held.clear();
    assertThat(mine).allSatisfy(each -> assertThat(each.join().body()).isEqualTo("Bearer mine"));
    assertThat(yours).allSatisfy(each -> assertThat(each.join().body()).isEqualTo("Bearer yours"));
    assertThat(github.requests().stream().map(Recorded::target).filter("/x/one"::equals))
        .hasSize(2);
  }

  @Test
  void writeIsNeverCoalescedOrRetried() {
    HttpRequest post =
        HttpRequest.newBuilder(URI.create(service.url("/x/one")))
            .POST(HttpRequest.BodyPublishers.ofString("same"))
            .build();
    var answers =
        IntStream.range(0, 2)
            .mapToObj(i -> CLIENT.sendAsync(post, HttpResponse.BodyHandlers.ofString()))
            .toList();
    awaitHeld(2);
    held.remove().connection().close();
    held.remove().response().end();
    assertThat(answers.stream().map(each -> each.join().statusCode())).contains(200, 502);
    assertThat(asked()).isEqualTo(2);
  }
}
