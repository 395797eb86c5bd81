package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.store.Store;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What callers see of a purge: new content, and never an error while GitHub answers. */
@Tag("slow")
@SuppressWarnings("try") // the handles of overrides are only closed
class PurgeTest {

  private static final Duration SOON = Duration.ofSeconds(20);
  private static final String TOKEN = "an-admin-token-0123";
  private static final String REPOS = "/orgs/Netflix/repos";

  private static GitHubStandIn github;
  private static Service service;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    service = Service.start(github, Map.of("admin.token", TOKEN, "refresh.interval", "1h")).ready();
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  private static long asked(String path) {
    return github.requests().stream().filter(each -> each.path().equals(path)).count();
  }

  private static boolean isStored(Service asked, String target) {
    return asked
        .get(target)
        .headers()
        .firstValue("Cache-Status")
        .orElse("")
        .matches("camel-rest-cache; hit.*");
  }

  @Test
  void purgeRemovesOnlyMatchingForwardedResponses() {
    for (String target : List.of("/repos/Netflix/zuul?a", "/repos/Netflix/eureka?a")) {
      service.get(target);
      await().atMost(SOON).until(() -> isStored(service, target));
    }
    HttpResponse<String> answer =
        AdminTest.post(service, "/admin/purge?path=/repos/netflix/zuul", "Bearer " + TOKEN);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(isStored(service, "/repos/Netflix/zuul?a")).isFalse();
    assertThat(isStored(service, "/repos/Netflix/eureka?a")).isTrue();
    assertThat(isStored(service, "/repos/Netflix/zuul?a")).as("it is stored again").isTrue();

    AdminTest.post(service, "/admin/purge?prefix=/repos/Netflix/", "Bearer " + TOKEN);
    assertThat(isStored(service, "/repos/Netflix/zuul?a")).isFalse();
    assertThat(isStored(service, "/repos/Netflix/eureka?a")).isFalse();
  }

  @Test
  void newAnswersDoNotShortenAPurge() {
    AdminTest.post(service, "/admin/purge?path=/repos/Netflix/ribbon", "Bearer " + TOKEN);
    service.get("/repos/Netflix/ribbon");
    await().atMost(SOON).until(() -> isStored(service, "/repos/Netflix/ribbon"));

    var redis = Stored.in(service);
    assertThat(redis.keys("*:forward:scope:*"))
        .anyMatch(key -> redis.getExpire(key) > Duration.ofDays(30).toSeconds());
  }

  @Test
  void purgeLeavesOtherUpstreamsAlone() {
    String theirs = "camel-rest-cache:3:" + github.url() + "0:endpoint:{/orgs/Netflix/repos}";
    String onAnotherPort =
        "camel-rest-cache:3:" + github.url() + ":9:endpoint:{/orgs/Netflix/repos}";
    for (String key : List.of(theirs, onAnotherPort)) {
      Stored.in(service).opsForHash().put(key, "gzip", new byte[0]);
      AdminTest.post(service, "/admin/purge?prefix=/orgs/Netflix/rep", "Bearer " + TOKEN);
      assertThat(Stored.in(service).delete(key)).as(key).isTrue();
    }
  }

  @Test
  void purgedEndpointIsRefetchedWithItsViews() {
    service.get("/view/top/1/stars");
    long before = asked("/orgs/Netflix/repos");
    HttpResponse<String> answer =
        AdminTest.post(service, "/admin/purge?prefix=/orgs/Netflix/rep", "Bearer " + TOKEN);
    assertThat(answer.body()).contains("\"/orgs/Netflix/repos\"").doesNotContain("members");
    assertThat(service.get("/orgs/Netflix/repos").statusCode()).isEqualTo(200);
    assertThat(service.get("/view/top/1/stars").statusCode()).isEqualTo(200);
    assertThat(asked("/orgs/Netflix/repos")).isGreaterThan(before);
    assertThat(
            github.requests().stream()
                .filter(each -> each.path().equals("/orgs/Netflix/repos"))
                .skip(before)
                .findFirst()
                .map(each -> String.valueOf(each.header("If-None-Match"))))
        .as("no validator is left")
        .hasValue("null");
  }

  @Test
  void purgeReachesOtherInstances() {
    try (GitHubStandIn theirs = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
        OwnRedis redis = OwnRedis.start();
        Service one = with(theirs, redis);
        Service other = with(theirs, redis)) {
      one.ready();
      other.ready();
      for (Service each : List.of(one, other)) {
        each.get("/repos/Netflix/hystrix");
        await().atMost(SOON).until(() -> isStored(each, "/repos/Netflix/hystrix"));
      }
      theirs.clearRequests();
      AdminTest.post(one, "/admin/purge?prefix=/", "Bearer " + TOKEN);
      await().atMost(SOON).until(() -> !isStored(other, "/repos/Netflix/hystrix"));
      await()
          .atMost(SOON)
          .until(
              () ->
                  theirs.requests().stream()
                      .anyMatch(each -> each.path().equals("/orgs/Netflix/members")));
      assertThat(other.get("/orgs/Netflix/members").statusCode()).isEqualTo(200);
    }
  }

  static Service with(GitHubStandIn asked, OwnRedis redis) {
    return Service.start(
        asked, Map.of("redis.url", redis.url(), "admin.token", TOKEN, "refresh.interval", "1h"));
  }

  @ParameterizedTest
  @ValueSource(strings = {REPOS, "/view/top/3/stars", REPOS + "?per_page=10&page=2"})
  void readersDuringPurgesGetNoError(String target) {
    String marker = github.repositoryNames().get(0);
    Queue<String> bad = new ConcurrentLinkedQueue<>();
    ExecutorService threads = Executors.newFixedThreadPool(4);
    CompletableFuture<Void> over = new CompletableFuture<>();
    List<CompletableFuture<Void>> readers =
        IntStream.range(0, 4)
            .mapToObj(
                reader ->
                    CompletableFuture.runAsync(
                        () -> {
                          while (!over.isDone()) {
                            HttpResponse<String> answer = service.get(target);
                            if (answer.statusCode() != 200) {
                              bad.add(answer.statusCode() + " " + answer.body());
                            }
                          }
                        },
                        threads))
            .toList();
    try {
      for (int purge = 0; purge < 20; purge++) {
        String text = "Purge " + purge + " of " + target;
        github.updateRepository(marker, each -> each.put("description", text));
        AdminTest.post(service, "/admin/purge?path=" + REPOS, "Bearer " + TOKEN);
        assertThat(service.get(REPOS).body()).contains(text);
      }
    } finally {
      over.complete(null);
      readers.forEach(CompletableFuture::join);
      threads.shutdown();
    }
    assertThat(bad).isEmpty();
  }

  @Test
  void resultOfRefreshThatBeganBeforeThePurgeIsDropped() throws Exception {
    CompletableFuture<Void> purged = new CompletableFuture<>();
    github.clearRequests();
    try (var slow =
        github.override(
            each -> each.path().equals("/orgs/Netflix") && asked("/orgs/Netflix") == 1,
            (each, request) ->
                purged.thenRun(() -> request.response().end("{\"login\":\"before\"}")))) {
      AdminTest.post(service, "/admin/refresh?path=/orgs/Netflix", "Bearer " + TOKEN);
      await().atMost(SOON).until(() -> asked("/orgs/Netflix") == 1);

      AdminTest.post(service, "/admin/purge?path=/orgs/Netflix", "Bearer " + TOKEN);
      CompletableFuture<HttpResponse<String>> reader =
          CompletableFuture.supplyAsync(() -> service.get("/orgs/Netflix"));
      purged.complete(null);

      HttpResponse<String> answer = reader.get(20, TimeUnit.SECONDS);
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      assertThat(answer.body()).doesNotContain("before");
    }
  }

  @Test
  void prefixWithSlashLeavesThePathItself() {
    await().atMost(SOON).until(() -> isStored(service, "/orgs/Netflix"));

    HttpResponse<String> answer =
        AdminTest.post(service, "/admin/purge?prefix=/orgs/Netflix/", "Bearer " + TOKEN);

    assertThat(Service.json(answer).get("endpoints"))
        .extracting(each -> each.asText())
        .contains(REPOS)
        .doesNotContain("/orgs/Netflix");
  }

  @Test
  void lateRepetitionOfPurgeRemovesNothingNewer() {
    await().atMost(SOON).until(() -> isStored(service, "/orgs/Netflix"));
    var registry = service.context().getRegistry();
    CachedEndpoint org = registry.findSingleByType(Catalog.class).endpoint("/orgs/Netflix");

    assertThat(registry.findSingleByType(Store.class).forget(org, 1)).isFalse();

    String key = Stored.endpoint(github, "/orgs/Netflix");
    assertThat(Stored.in(service).opsForHash().hasKey(key, "gzip")).isTrue();
  }

  @Test
  void purgeLeavesOnlyTheFence() {
    await().atMost(SOON).until(() -> isStored(service, "/orgs/Netflix/members"));
    String key = Stored.endpoint(github, "/orgs/Netflix/members");
    try (var failing =
        github.override(
            each -> each.path().equals("/orgs/Netflix/members"), (each, request) -> {})) {

      AdminTest.post(service, "/admin/purge?path=/orgs/Netflix/members", "Bearer " + TOKEN);

      assertThat(Stored.in(service).opsForHash().keys(key)).containsExactly("fence");
    }
  }
}
