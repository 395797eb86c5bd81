package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.ConcurrencyLimit;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.GitHubStandIn.Handle;
import io.github.camelrestcache.store.Instances;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** At most 90 requests of a credential are at GitHub at one time; others wait for their turn. */
class ConcurrencyTest {

  private static final String SERVICE_TOKEN = "service-token";
  private static final String ADMIN_TOKEN = "an-admin-token-0123";
  private static final int MOST = 90;
  private static final int CLIENTS = 220;
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private static GitHubStandIn github;
  private static Service service;

  private Held held;
  private String mine;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.addToken(SERVICE_TOKEN, "robot");
    service = instance("", "30s");
  }

  /** An instance whose threads do not suffice for {@link #CLIENTS} waiting requests. */
  private static Service instance(String redisUrl, String wait) {
    return Service.start(
            github,
            Map.of(
                "redis.url",
                redisUrl,
                "request.threads",
                "100",
                "cold.wait",
                wait,
                "near.cache.max.age",
                "1m",
                "github.answer.timeout",
                "60s",
                "refresh.interval",
                "1h",
                "admin.token",
                ADMIN_TOKEN,
                "github.api.token",
                SERVICE_TOKEN))
        .ready();
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  @BeforeEach
  void hold() {
    mine = "Bearer " + UUID.randomUUID();
    held = Held.below(github, "/held/");
  }

  @AfterEach
  void nothingIsLeft() {
    held.close();
    await().atMost(SOON).until(() -> service.context().getInflightRepository().size() == 0);
    assertThat(waiting()).isZero();
  }

  private static double waiting() {
    return waiting(service);
  }

  private static double waiting(Service at) {
    return at.meters().get("restcache.forwards.waiting").gauge().value();
  }

  private CompletableFuture<HttpResponse<String>> ask(Service at, String target, String token) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(at.url(target)));
    if (token != null) {
      request.header("Authorization", token);
    }
    return CLIENT.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private List<CompletableFuture<HttpResponse<String>>> askMany(
      int requests, String prefix, String token) {
    return askMany(List.of(service), requests, prefix, token);
  }

  private List<CompletableFuture<HttpResponse<String>>> askMany(
      List<Service> at, int requests, String prefix, String token) {
    String target = prefix + UUID.randomUUID() + "/";
    return IntStream.range(0, requests)
        .mapToObj(i -> ask(at.get(i % at.size()), target + i, token))
        .toList();
  }

  private void awaitFull(int waiting) {
    await().atMost(SOON).until(() -> held.size() == MOST && waiting() == waiting);
  }

  @Test
  void atMost90RequestsOfOneTokenAreAtGitHub() {
    try (ConcurrencyLimit limit = ConcurrencyLimit.of(github, Duration.ofMillis(50))) {
      var answers = askMany(CLIENTS, "/slow/", mine);
      await().atMost(SOON).until(() -> limit.highest(mine) + waiting() == CLIENTS);
      limit.open();

      assertThat(answers).allSatisfy(each -> assertThat(each.join().statusCode()).isEqualTo(200));
      assertThat(limit.highest(mine)).isEqualTo(MOST);
      assertThat(limit.refused()).isZero();
    }
  }

  @Test
  void twoInstancesShareThe90() {
    try (OwnRedis redis = OwnRedis.start();
        Service one = instance(redis.url(), "30s");
        Service two = instance(redis.url(), "30s");
        ConcurrencyLimit limit = ConcurrencyLimit.of(github, Duration.ofMillis(50))) {
      await("long before the next comparison with Redis")
          .atMost(SOON)
          .until(() -> count(one) == 2 && count(two) == 2);

      var answers = askMany(List.of(one, two), CLIENTS, "/slow/", mine);
      await()
          .atMost(SOON)
          .until(() -> limit.highest(mine) + waiting(one) + waiting(two) == CLIENTS);
      limit.open();

      assertThat(answers).allSatisfy(each -> assertThat(each.join().statusCode()).isEqualTo(200));
      assertThat(limit.highest(mine)).isEqualTo(MOST);
    }
  }

  private static int count(Service service) {
    return service
        .context()
        .getRegistry()
        .lookupByNameAndType("instances", Instances.class)
        .count();
  }

  @Test
  void waitingRequestsHoldNoThreadAndNoPlaceOfMaxForwards() {
    var answers = askMany(CLIENTS, "/held/", mine);
    awaitFull(CLIENTS - MOST);

    HttpResponse<String> others = ask(service, "/zen", "Bearer other").join();

    assertThat(others.statusCode()).as("of another credential").isEqualTo(401);
    await()
        .atMost(SOON)
        .until(
            () -> {
              held.release();
              return answers.stream().allMatch(CompletableFuture::isDone);
            });
    assertThat(answers).allSatisfy(each -> assertThat(each.join().statusCode()).isEqualTo(200));
  }

  @Test
  void longerWaitThanColdWaitIs503AlsoForIdenticalRequests() {
    try (Service impatient = instance("", "1s")) {
      askMany(List.of(impatient), MOST, "/held/", mine);
      held.awaitSize(MOST);
      String target = "/held/" + UUID.randomUUID();

      var late = IntStream.range(0, 5).mapToObj(i -> ask(impatient, target, mine)).toList();

      assertThat(late)
          .allSatisfy(
              each -> {
                HttpResponse<String> answer = each.join();
                assertThat(answer.statusCode()).isEqualTo(503);
                assertThat(answer.headers().firstValue("Retry-After")).contains("1");
                assertThat(json(answer).get("detail").asText())
                    .contains("at most 90 at a time for one credential");
              });
      assertThat(waiting(impatient)).isZero();
      assertThat(held.size()).isEqualTo(MOST);
      held.release();
    }
  }

  @Test
  void refreshCountsAndIsNextInLine() {
    askMany(MOST + 20, "/held/", null);
    awaitFull(20);
    github.clearRequests();
    service.send(
        request ->
            request
                .uri(URI.create(service.managementUrl("/admin/refresh?path=/orgs/Netflix")))
                .header("Authorization", "Bearer " + ADMIN_TOKEN)
                .POST(HttpRequest.BodyPublishers.noBody()));
    await().atMost(SOON).until(() -> waiting() == 21);
    assertThat(github.requests()).isEmpty();

    held.releaseOne();

    await().atMost(SOON).until(() -> waiting() == 19);
    await().atMost(SOON).until(() -> github.requests().size() == 2);
    assertThat(github.requests().get(0).path()).isEqualTo("/orgs/Netflix");
  }

  @Test
  void failedRequestsGiveTheirTurnsBack() {
    Handle cutting =
        github.override(
            asked -> asked.path().startsWith("/cut/"),
            (asked, request) -> request.connection().close());
    var answers = askMany(MOST + 10, "/cut/", mine);
    assertThat(answers).allSatisfy(each -> assertThat(each.join().statusCode()).isEqualTo(502));
    cutting.close();

    askMany(MOST + 1, "/held/", mine);
    awaitFull(1);
  }
}
