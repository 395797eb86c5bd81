package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisMonitor;

/** Webhook deliveries, with a refresh interval of an hour so that timers do not interfere. */
@Tag("slow")
@SuppressWarnings("try") // the handles of overrides are only closed
class WebhookTest extends Webhooks {
  /**
   * A look after an event that brought nothing new is repeated for 30 s: no test sees another's.
   */
  @BeforeEach
  void startAnew() {
    stop();
    start();
    github.clearRequests();
  }

  @Test
  void eventUpdatesListAndViewWithinSeconds() {
    String name = github.repositoryNames().get(0);
    github.updateRepository(name, repository -> repository.put("stargazers_count", 7_654_321));
    String view = "/view/top/1/stars";
    assertThat(service.get(view).body()).doesNotContain("7654321");

    assertThat(deliver("star").statusCode()).isEqualTo(202);

    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> service.get(view).body().contains("7654321"));
  }

  @Test
  void eventsWithinTwoSecondsAreOneRefresh() {
    for (String event : List.of("star", "push", "fork", "issues", "repository")) {
      assertThat(refreshed(deliver(event))).contains(REPOS);
    }
    assertThat(fetches(REPOS)).isZero();

    awaitDeliveries();

    assertThat(fetches(REPOS)).isEqualTo(1);
  }

  @Test
  void eventRefreshesAndReportsEndpointsThatListIt() {
    Map<String, List<String>> expected = new TreeMap<>();
    for (String event : List.of("star", "watch", "fork", "push", "issues", "pull_request")) {
      expected.put(event, List.of(REPOS));
    }
    expected.put("repository", List.of(ORG, REPOS));
    expected.put("organization", List.of(ORG, MEMBERS));
    expected.put("member", List.of(ORG, MEMBERS));
    expected.forEach(
        (event, paths) -> {
          HttpResponse<String> answer = deliver(event);
          assertThat(answer.statusCode()).isEqualTo(202);
          assertThat(answer.headers().firstValue("Content-Type"))
              .hasValue("application/json; charset=utf-8");
          assertThat(json(answer).get("event").asText()).isEqualTo(event);
          assertThat(json(answer).get("new").asBoolean()).isTrue();
          assertThat(refreshed(answer)).as(event).isEqualTo(paths);
        });
    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> Stream.of(ORG, MEMBERS, REPOS).allMatch(path -> fetches(path) == 1));
    assertThat(github.requests()).noneMatch(asked -> asked.path().equals("/"));
  }

  @Test
  void unlistedEventIsAcceptedWithoutRefresh() {
    assertThat(refreshed(deliver("workflow_job"))).isEmpty();
    assertThatNothingHappened();
  }

  @Test
  void pingIsAnswered() {
    HttpResponse<String> answer = deliver("ping");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(json(answer).get("event").asText()).isEqualTo("ping");
    assertThat(refreshed(answer)).isEmpty();
  }

  @Test
  void replayWithinOneHourIsIgnored() {
    String id = UUID.randomUUID().toString();
    assertThat(json(deliver("ping", "X-GitHub-Delivery", id)).get("new").asBoolean()).isTrue();
    for (String event : List.of("star", "ping")) {
      HttpResponse<String> replay = deliver(event, "X-GitHub-Delivery", id);
      assertThat(replay.statusCode()).isEqualTo(200);
      assertThat(json(replay).get("new").asBoolean()).isFalse();
      assertThat(refreshed(replay)).isEmpty();
    }
    assertThatNothingHappened();
    assertThat(Stored.in(service).keys("*" + id + "*"))
        .singleElement()
        .asString()
        .startsWith("camel-rest-cache:")
        .satisfies(key -> assertThat(Stored.in(service).getExpire(key)).isBetween(3_500L, 3_600L));
  }

  @Test
  void rejectionHidesWhetherDeliveryIsKnown() {
    String known = UUID.randomUUID().toString();
    deliver("ping", "X-GitHub-Delivery", known);
    String fresh = UUID.randomUUID().toString();
    HttpResponse<String> ofKnown =
        deliver("ping", "X-GitHub-Delivery", known, "X-Hub-Signature-256", "sha256=0");
    HttpResponse<String> ofFresh =
        deliver("ping", "X-GitHub-Delivery", fresh, "X-Hub-Signature-256", "sha256=0");
    assertThat(ofKnown.statusCode()).isEqualTo(401).isEqualTo(ofFresh.statusCode());
    assertThat(ofKnown.body()).isEqualTo(ofFresh.body());
    assertThat(json(deliver("ping", "X-GitHub-Delivery", fresh)).get("new").asBoolean()).isTrue();
  }

  @Test
  void replayIsKnownToAllInstancesUnlessRedisIsDown() {
    OwnRedis redis = OwnRedis.start();
    Map<String, String> settings =
        Map.of("refresh.interval", "1h", "github.webhook.secret", SECRET, "redis.url", redis.url());
    try (redis;
        Service one = Service.start(github, settings).ready();
        Service other = Service.start(github, settings).ready()) {
      String[] id = {"X-GitHub-Delivery", UUID.randomUUID().toString()};
      assertThat(deliver(one, "workflow_job", id).statusCode()).isEqualTo(202);
      assertThat(deliver(other, "workflow_job", id).statusCode()).isEqualTo(200);
      redis.close();
      assertThat(deliver(other, "workflow_job", id).statusCode()).isEqualTo(202);
    }
  }

  @Test
  void deliveryIsRememberedAfterItsEffect() {
    Queue<String> commands = new ConcurrentLinkedQueue<>();
    try (OwnRedis redis = OwnRedis.start();
        Jedis operator = redis.operator()) {
      CompletableFuture.runAsync(
          () ->
              operator.monitor(
                  new JedisMonitor() {
                    @Override
                    public void onCommand(String command) {
                      commands.add(command);
                    }
                  }));
      Map<String, String> settings =
          Map.of("github.webhook.secret", SECRET, "redis.url", redis.url());
      try (Service service = Service.start(github, settings).ready()) {
        commands.clear();
        deliver(service, "organization");

        await().until(() -> commands.stream().anyMatch(each -> each.contains(":delivery:")));
        assertThat(
                commands.stream()
                    .filter(each -> each.matches(".*(SET.*/orgs/Netflix soon|SET.*:delivery:).*")))
            .first()
            .asString()
            .contains("/orgs/Netflix soon");
      }
    }
  }

  @Test
  void eventHasForwardedAnswersOfItsRepositoryValidated() {
    String zuul = "/repos/Netflix/zuul/pulls/7";
    String eureka = "/repos/Netflix/eureka/pulls/7";
    try (var handle =
        github.override(
            asked -> asked.path().endsWith("/pulls/7"),
            (asked, request) ->
                request
                    .response()
                    .putHeader("Cache-Control", "max-age=60")
                    .end(fetches(asked.path()) == 1 ? "open" : "closed"))) {
      for (String path : List.of(zuul, zuul, eureka)) {
        assertThat(service.get(path).body()).isEqualTo("open");
      }
      byte[] payload =
          "{\"action\":\"closed\",\"repository\":{\"full_name\":\"Netflix/zuul\"}}".getBytes(UTF_8);

      HttpResponse<String> answer =
          post(service, payload, headers("pull_request", "X-Hub-Signature-256", sign(payload)));

      assertThat(answer.statusCode()).isEqualTo(202);
      assertThat(service.get(zuul).body()).isEqualTo("closed");
      assertThat(service.get(eureka).body()).isEqualTo("open");
    }
  }

  @Test
  void eventDuringRedisOutageIsHandledLater() {
    OwnRedis redis = OwnRedis.start();
    Map<String, String> settings =
        Map.of("refresh.interval", "1h", "github.webhook.secret", SECRET, "redis.url", redis.url());
    try (Service service = Service.start(github, settings).ready()) {
      redis.hang();
      await().until(() -> service.get("/healthcheck").body().contains("Redis does not answer"));
      assertThat(deliver(service, "organization").statusCode()).isEqualTo(202);
      github.clearRequests();
      redis.goOn();

      await().atMost(Duration.ofSeconds(15)).until(() -> fetches("/orgs/Netflix") == 1);
    } finally {
      redis.close();
    }
  }
}
