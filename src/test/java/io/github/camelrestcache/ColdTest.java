package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.GitHubStandIn.Handle;
import io.github.camelrestcache.standin.Recorded;
import io.vertx.core.http.HttpServerRequest;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Requests for endpoints that are declared but not stored. No timer fires again during these tests;
 * an endpoint becomes cold when its hash is deleted from Redis. A failed endpoint backs off for
 * seconds, so each test that makes one fail uses a different endpoint.
 */
class ColdTest extends OneService {

  private static final String ROOT = "/";
  private static final String ORG = "/orgs/Netflix";
  private static final String MEMBERS = "/orgs/Netflix/members";
  private static final String REPOS = "/orgs/Netflix/repos";
  private static final Duration COLD_WAIT = Duration.ofSeconds(2);

  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private final Queue<Runnable> held = new ConcurrentLinkedQueue<>();
  private Handle holding = () -> {};

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().repositories(210).limits(100_000, 100_000).build().start();
    service =
        Service.start(
                github,
                Map.of(
                    "refresh.interval", "1h",
                    "near.cache.max.age", "1h",
                    "cold.wait", "2s",
                    "request.threads", "4"))
            .ready();
  }

  /** Releases held responses, and waits until no request is in flight. */
  @AfterEach
  void releaseAndSettle() {
    release();
    await()
        .atMost(10, SECONDS)
        .until(
            () -> github.inFlight() == 0 && service.context().getInflightRepository().size() == 0);
  }

  @Test
  void missingListIsFetchedWholeAndNeverForwarded() {
    makeCold(REPOS);

    HttpResponse<String> answer = service.get(REPOS, "Authorization", "Bearer somebody");

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(json(answer)).hasSize(210);
    assertThat(answer.headers().allValues("Cache-Status"))
        .containsExactly("camel-rest-cache; fwd=uri-miss; fwd-status=200; stored");
    assertThat(github.requests())
        .extracting(Recorded::target)
        .containsExactly(
            "/orgs/Netflix/repos?per_page=100",
            "/organizations/913567/repos?per_page=100&page=2",
            "/organizations/913567/repos?per_page=100&page=3",
            "/orgs/Netflix/repos?per_page=100"); // checks the first page again
    assertThat(github.requests()).noneMatch(asked -> asked.header("Authorization") != null);
  }

  @Test
  void fetchedListIsAHitForNextCaller() {
    makeCold(REPOS);
    service.get(REPOS);
    github.clearRequests();

    HttpResponse<String> answer = service.get(REPOS);

    assertThat(answer.headers().firstValue("Cache-Status").orElse(""))
        .matches("camel-rest-cache; hit; ttl=(3600|35\\d\\d)");
    assertThat(github.requests()).isEmpty();
  }

  @Test
  void concurrentCallersShareOneFetch() {
    makeCold(REPOS);
    hold(asked -> asked.path().equals(REPOS));

    List<CompletableFuture<HttpResponse<String>>> callers =
        IntStream.range(0, 50).mapToObj(i -> send("GET", REPOS)).toList();
    awaitInRoutes(50);
    release();

    for (CompletableFuture<HttpResponse<String>> caller : callers) {
      HttpResponse<String> answer = caller.orTimeout(20, SECONDS).join();
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body()).isEqualTo(callers.get(0).join().body());
    }
    assertThat(json(callers.get(0).join())).hasSize(210);
    assertThat(github.requests()).hasSize(4);
    assertThat(callers)
        .extracting(caller -> caller.join().headers().firstValue("Cache-Status").orElse(""))
        // who looked after the release finds it stored
        .filteredOn(met -> !met.matches(".*(; collapsed|; hit.*)"))
        .hasSize(1);
  }

  @Test
  void viewWaitsForItsList() {
    makeCold(REPOS);
    Stored.in(service).delete(Stored.view(github, "stars"));
    hold(asked -> asked.path().equals(REPOS));

    CompletableFuture<HttpResponse<String>> top = send("GET", "/view/top/3/stars");
    CompletableFuture<HttpResponse<String>> bottom = send("HEAD", "/view/bottom/3/stars");
    awaitInRoutes(2);
    assertThat(top).isNotDone();
    release();

    HttpResponse<String> answer = top.orTimeout(20, SECONDS).join();
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(json(answer)).hasSize(3);
    assertThat(answer.headers().firstValue("Cache-Status").orElse("")).contains("fwd=uri-miss");
    assertThat(bottom.orTimeout(20, SECONDS).join().statusCode()).isEqualTo(200);
    assertThat(github.requests()).hasSize(4);
  }

  @ParameterizedTest
  @ValueSource(strings = {MEMBERS, "/view/bottom/5/forks"})
  void hangingGitHubIs503WithRetryAfterAfterColdWait(String path) {
    makeCold(path.equals(MEMBERS) ? MEMBERS : REPOS);
    hold(asked -> true);

    long start = System.nanoTime();
    HttpResponse<String> answer = service.get(path);
    Duration waited = Duration.ofNanos(System.nanoTime() - start);

    assertNotReady(answer);
    assertThat(waited).isBetween(COLD_WAIT.minusMillis(50), COLD_WAIT.plusSeconds(2));
    release();
    await().atMost(10, SECONDS).until(() -> service.get(path).statusCode() == 200);
  }

  @Test
  void failedFetchIs503UntilBackOffEnds() {
    makeCold(ORG);
    Handle failing =
        github.override(
            asked -> asked.path().equals(ORG),
            (asked, request) -> request.response().setStatusCode(500).end("no"));

    HttpResponse<String> first = service.get(ORG);
    failing.close();
    HttpResponse<String> second = service.get(ORG);

    for (HttpResponse<String> answer : List.of(first, second)) {
      assertNotReady(answer);
      assertThat(json(answer).get("detail").asText()).contains("500");
    }
    assertThat(retryAfter(first)).isBetween(6, 12);
    assertThat(github.requests()).hasSize(1);
    await().atMost(10, SECONDS).until(() -> retryAfter(service.get(ORG)) < retryAfter(first));
    assertThat(github.requests()).hasSize(1);
  }

  @Test
  void waitingCallersHoldNoThread() {
    makeCold(MEMBERS);
    hold(asked -> asked.path().equals(MEMBERS));

    List<CompletableFuture<HttpResponse<String>>> waiting =
        IntStream.range(0, 20).mapToObj(i -> send("GET", MEMBERS)).toList();
    awaitInRoutes(20);

    HttpResponse<String> stored = send("GET", ROOT).orTimeout(1, SECONDS).join();
    HttpResponse<String> forwarded = send("GET", "/zen").orTimeout(1, SECONDS).join();
    assertThat(stored.statusCode()).isEqualTo(200);
    assertThat(forwarded.statusCode()).isEqualTo(200);
    assertThat(waiting).noneMatch(CompletableFuture::isDone);
    release();
    assertThat(waiting).allMatch(caller -> caller.join().statusCode() == 200);
  }

  /** Sends a request without waiting for the response. */
  private static CompletableFuture<HttpResponse<String>> send(String method, String target) {
    return CLIENT.sendAsync(
        HttpRequest.newBuilder(URI.create(service.url(target)))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** Makes the stand-in hold its responses until {@link #release}. */
  private void hold(Predicate<Recorded> which) {
    holding =
        github.override(
            which,
            (Recorded asked, HttpServerRequest request) ->
                held.add(() -> github.answer(asked, request)));
  }

  private void release() {
    holding.close();
    for (Runnable answer = held.poll(); answer != null; answer = held.poll()) {
      answer.run();
    }
  }

  private static void makeCold(String path) {
    assertThat(Stored.in(service).delete(Stored.endpoint(github, path))).isTrue();
    Stored.forgetNear(service);
  }

  /** Waits until this many client requests and one refresh are in flight. */
  private static void awaitInRoutes(int requests) {
    await()
        .atMost(COLD_WAIT)
        .until(() -> service.context().getInflightRepository().size() > requests);
  }

  private static void assertNotReady(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.headers().allValues("Content-Type"))
        .containsExactly("application/json; charset=utf-8");
    assertThat(retryAfter(answer)).isPositive();
    assertThat(json(answer).get("status").asInt()).isEqualTo(503);
    assertThat(json(answer).get("detail").asText())
        .contains("not stored yet")
        .contains("Retry-After");
  }

  private static int retryAfter(HttpResponse<String> answer) {
    return Integer.parseInt(answer.headers().firstValue("Retry-After").orElseThrow());
  }
}
