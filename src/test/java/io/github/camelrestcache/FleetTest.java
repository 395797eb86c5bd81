package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.GitHubStandIn.Handle;
import io.github.camelrestcache.standin.Recorded;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Several instances, each in its own process, with one Redis and one GitHub. */
@Tag("slow")
class FleetTest {

  private static final Logger LOG = LoggerFactory.getLogger(FleetTest.class);

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TOKEN = "service-token";
  private static final String ORG = "/orgs/Netflix";
  private static final String REPOS = "/orgs/Netflix/repos";
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  /** The sum of GITHUB_CONNECT_TIMEOUT, GITHUB_ANSWER_TIMEOUT and five seconds. */
  private static final Duration LEASE = Duration.ofSeconds(7);

  @TempDir private Path folders;

  private final List<Instance> instances = new ArrayList<>();
  private GitHubStandIn github;
  private OwnRedis redis;

  @BeforeEach
  void start() {
    redis = OwnRedis.start();
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.addToken(TOKEN, "robot");
  }

  @AfterEach
  void stop() {
    instances.forEach(Instance::close);
    redis.close();
    github.close();
  }

  private Instance instance() {
    return instance(INTERVAL.toSeconds() + "s");
  }

  private Instance instance(String interval) {
    try {
      Instance instance =
          Instance.start(
              Files.createTempDirectory(folders, "instance"),
              Map.of(
                  "REDIS_URL",
                  redis.url(),
                  "GITHUB_API_URL",
                  github.url(),
                  "GITHUB_API_TOKEN",
                  TOKEN,
                  "GITHUB_CONNECT_TIMEOUT",
                  "1s",
                  "GITHUB_ANSWER_TIMEOUT",
                  "1s",
                  "REFRESH_INTERVAL",
                  interval));
      instances.add(instance);
      return instance;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void fourInstancesFetchNoMoreThanOneAndShareResults() {
    instance().ready();
    double one = requestsInFiveIntervals();
    Stream.generate(this::instance).limit(3).toList().forEach(Instance::ready);
    double four = requestsInFiveIntervals();

    LOG.info("Requests in five intervals: {} by one instance, {} by four", one, four);
    assertThat(one).isPositive();
    assertThat(four).as("four times as many without leases").isLessThan(1.5 * one);

    String name = github.repositoryNames().get(120);
    github.updateRepository(name, each -> each.put("description", "Seen by all"));
    await()
        .pollInterval(Duration.ofMillis(10))
        .until(() -> instances.stream().anyMatch(each -> isNew(each, "Seen by all")));
    await()
        .pollInterval(Duration.ofMillis(10))
        .atMost(Duration.ofSeconds(1))
        .until(() -> instances.stream().allMatch(each -> isNew(each, "Seen by all")));
    assertThat(instances.stream().map(each -> each.get(REPOS).headers().firstValue("ETag")))
        .containsOnly(instances.get(0).get(REPOS).headers().firstValue("ETag"));
    assertThat(github.requests())
        .as("unconditional requests")
        .filteredOn(asked -> asked.header("If-None-Match") == null)
        .isEmpty();
  }

  private long requestsInFiveIntervals() {
    github.clearRequests();
    Instant end = Instant.now().plus(INTERVAL.multipliedBy(5));
    await().atMost(Duration.ofSeconds(30)).until(() -> Instant.now().isAfter(end));
    return github.requestCount();
  }

  @Test
  void killedInstanceIsReplacedWithinLeaseAndInterval() {
    Instance first = instance().ready();
    Instance second = instance().ready();
    second.pause();
    Handle hanging = github.override(isSecondPage(), (asked, request) -> {});
    String name = github.repositoryNames().get(0);
    github.updateRepository(name, each -> each.put("description", "After the kill"));
    await().until(() -> github.requests().stream().anyMatch(each -> each.path().equals(REPOS)));
    github.clearRequests();
    await().until(() -> github.requests().stream().anyMatch(isSecondPage()));

    first.close();
    Instant killed = Instant.now();
    hanging.close();
    second.resume();

    await()
        .atMost(LEASE.plus(INTERVAL).plusSeconds(2))
        .until(() -> isNew(second, "After the kill"));
    LOG.info("Replaced {} after the kill", Duration.between(killed, Instant.now()));
  }

  @Test
  void killedInstanceLeavesNoPartialData() throws Exception {
    AtomicInteger stars = new AtomicInteger(1_000_000);
    github.updateRepository(name(0), each -> each.put("stargazers_count", stars.get()));
    Instance reader = instance("1h").ready();
    for (int kill = 0; kill < 2; kill++) {
      Instance writer = instance("300ms").ready();
      int before = stars.get();
      long end = github.requestCount() + ThreadLocalRandom.current().nextInt(30, 60);
      while (github.requestCount() < end || stars.get() < before + 10) {
        github.updateRepository(
            name(0), each -> each.put("stargazers_count", stars.incrementAndGet()));
        assertThatListAndViewAreWhole(reader);
      }
      writer.close();
      for (int read = 0; read < 20; read++) {
        assertThatListAndViewAreWhole(reader);
      }
    }
  }

  /** A view is not older than a list read before it, nor newer than a list read after it. */
  private void assertThatListAndViewAreWhole(Instance reader) throws Exception {
    int before = stars(reader);
    JsonNode top = JSON.readTree(reader.get("/view/top/1/stars").body()).get(0);
    int after = stars(reader);
    assertThat(top.get(0).asText()).isEqualTo("Netflix/" + name(0));
    assertThat(top.get(1).asInt()).isBetween(before, after);
  }

  private static int stars(Instance reader) throws Exception {
    JsonNode list = JSON.readTree(reader.get(REPOS).body());
    assertThat(list).hasSize(150);
    return list.get(0).get("stargazers_count").asInt();
  }

  @Test
  void pausedInstanceCannotOverwriteNewerEndpoint() {
    Instance sleeper = instance().ready();
    Instance other = instance().ready();
    other.pause();
    AtomicBoolean asleep = new AtomicBoolean();
    Handle old =
        github.override(
            asked -> asked.path().equals(ORG),
            (asked, request) -> {
              if (asleep.compareAndSet(false, true)) {
                sleeper.pause();
              }
              request.response().end("{\"login\":\"old\"}");
            });
    await().untilTrue(asleep);
    old.close();
    github.override(
        asked -> asked.path().equals(ORG),
        (asked, request) -> request.response().end("{\"login\":\"new\"}"));
    other.resume();
    await()
        .atMost(LEASE.plus(INTERVAL).plusSeconds(5))
        .until(() -> other.get(ORG).body().contains("new"));
    github.override(asked -> true, (asked, request) -> request.connection().close());

    sleeper.resume();

    AtomicInteger seen = new AtomicInteger();
    await()
        .pollInterval(Duration.ofMillis(10))
        .atMost(Duration.ofSeconds(20))
        .until(
            () -> {
              for (Instance each : instances) {
                assertThat(each.get(ORG).body()).doesNotContain("old");
              }
              return sleeper.get(ORG).body().contains("new") && seen.incrementAndGet() > 100;
            });
  }

  @Test
  void slowPageKeepsItsLease() {
    github.override(
        asked -> asked.path().equals(ORG),
        (asked, request) -> {
          Vertx vertx = Vertx.currentContext().owner();
          request.response().setChunked(true).write("{");
          long ticks = vertx.setPeriodic(500, tick -> request.response().write(" "));
          vertx.setTimer(
              LEASE.plusSeconds(2).toMillis(),
              end -> {
                vertx.cancelTimer(ticks);
                request.response().end("\"login\":\"slow\"}");
              });
        });
    Instance first = instance("1h");
    Instance second = instance("1h");

    await()
        .atMost(LEASE.plusSeconds(20))
        .ignoreExceptions()
        .until(() -> Stream.of(first, second).allMatch(each -> isStored(each, "slow")));

    assertThat(github.requests().stream().filter(each -> each.path().equals(ORG))).hasSize(1);
  }

  private static boolean isStored(Instance instance, String text) {
    return instance.get(ORG).body().contains(text);
  }

  private String name(int index) {
    return github.repositoryNames().get(index);
  }

  private static boolean isNew(Instance instance, String text) {
    return instance.get(REPOS).body().contains(text);
  }

  private static Predicate<Recorded> isSecondPage() {
    return asked -> "2".equals(asked.parameters().get("page"));
  }
}
