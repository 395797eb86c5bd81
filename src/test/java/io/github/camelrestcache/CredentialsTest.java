package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.Recorded;
import io.vertx.core.http.HttpServerRequest;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * No caller receives a byte of a response to another credential. Two callers with tokens and one
 * without send random requests concurrently, so that hits, misses, coalesced, revalidated, stale
 * and failed requests all occur.
 */
@SuppressWarnings("try") // the handle of the override is only closed
class CredentialsTest {

  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private static final List<String> CALLERS = List.of("Bearer alice", "token bob", "none");
  private static final List<String> METHODS = List.of("GET", "GET", "GET", "GET", "HEAD", "POST");

  /** A random response; the ETag is the same for all callers, and Vary omits Authorization. */
  private static void answer(Random random, Recorded asked, HttpServerRequest request) {
    String caller = asked.header("Authorization");
    boolean service = caller == null || caller.equals("Bearer the-service");
    String name = service ? "none" : caller;
    request.response().putHeader("ETag", "\"same\"").putHeader("X-Caller", name);
    request.response().putHeader("x-ratelimit-remaining", name).putHeader("Vary", "Accept");
    switch (random.nextInt(10)) {
      case 0 -> request.response().setStatusCode(503).end(name);
      case 1 -> request.response().setStatusCode(404).end(name);
      case 2 -> request.connection().close();
      case 3, 4 -> request.response().putHeader("Cache-Control", "private, max-age=60").end(name);
      case 5 -> request.response().putHeader("Cache-Control", "public, max-age=60").end(name);
      case 6 ->
          request
              .response()
              .putHeader("Cache-Control", "max-age=60, stale-while-revalidate=100")
              .putHeader("Age", "90")
              .end(name);
      default -> {
        request.response().putHeader("Cache-Control", "max-age=60").putHeader("Age", "90");
        if ("\"same\"".equals(asked.header("If-None-Match"))) {
          request.response().setStatusCode(304).end();
        } else {
          request.response().end(name);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void responsesNeverCrossCredentials(long seed) throws Exception {
    Random random = new Random(seed);
    Set<String> ways = new TreeSet<>();
    try (GitHubStandIn github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
        var answering =
            github.override(
                asked -> asked.path().startsWith("/x"),
                (asked, request) -> answer(random, asked, request));
        Service service = Service.start(github, Map.of("github.api.token", "the-service"))) {
      for (int round = 0; round < 60; round++) {
        List<CompletableFuture<Void>> checks = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
          String caller = CALLERS.get(random.nextInt(CALLERS.size()));
          String method = METHODS.get(random.nextInt(METHODS.size()));
          HttpRequest.Builder request =
              HttpRequest.newBuilder(URI.create(service.url("/x/" + random.nextInt(2))))
                  .method(method, HttpRequest.BodyPublishers.noBody());
          if (!caller.equals("none")) {
            request.header("Authorization", caller);
          }
          if (random.nextInt(4) == 0) {
            request.header("If-None-Match", random.nextBoolean() ? "\"same\"" : "\"other\"");
          }
          checks.add(
              CLIENT
                  .sendAsync(request.build(), HttpResponse.BodyHandlers.ofString())
                  .thenAccept(answer -> check(caller, answer, ways)));
        }
        CompletableFuture.allOf(checks.toArray(CompletableFuture[]::new)).join();
      }
    }
    assertThat(ways)
        .as("every Cache-Status has occurred")
        .anyMatch(way -> way.startsWith("hit"))
        .anyMatch(way -> way.contains("stored"))
        .anyMatch(way -> way.contains("collapsed"))
        .anyMatch(way -> way.contains("fwd-status=304"))
        .anyMatch(way -> way.contains("stale-if-error"))
        .anyMatch(way -> way.contains("stale-while-revalidate"))
        .anyMatch(way -> way.contains("bad-gateway"));
  }

  private static void check(String caller, HttpResponse<String> answer, Set<String> ways) {
    String way = answer.headers().firstValue("Cache-Status").orElseThrow();
    synchronized (ways) {
      ways.add(way.replace("camel-rest-cache; ", "").replaceAll("ttl=-?\\d+", "ttl"));
    }
    if (!way.contains("bad-gateway")) {
      assertThat(answer.headers().allValues("X-Caller")).containsExactly(caller);
      assertThat(answer.headers().allValues("x-ratelimit-remaining")).containsExactly(caller);
      assertThat(answer.body()).isIn(caller, "");
    }
  }
}
