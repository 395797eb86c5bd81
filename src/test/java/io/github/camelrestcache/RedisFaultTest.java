package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.GitHubStandIn.Handle;
import io.github.camelrestcache.store.Instances;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.Jedis;

/** What callers see while a real Redis is down, hanging, full, slow or corrupt, and afterwards. */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RedisFaultTest {

  private static final Logger LOG = LoggerFactory.getLogger(RedisFaultTest.class);

  private static final String TOKEN = "service-token";
  private static final Duration INTERVAL = Duration.ofSeconds(2);
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final List<String> STORED =
      List.of(
          "/",
          "/orgs/Netflix",
          "/orgs/Netflix/members",
          "/orgs/Netflix/repos",
          "/orgs/Netflix/repos?page=2",
          "/view/top/5/stars");

  /** Ways to break Redis. */
  enum Fault {
    STOPPED,
    HANGING,
    FULL
  }

  private volatile boolean slow;
  private GitHubStandIn github;
  private OwnRedis redis;
  private Service service;

  @BeforeAll
  void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.addToken(TOKEN, "robot");
    redis = OwnRedis.start();
    service =
        Service.start(
                github,
                Map.of(
                    "redis.url",
                    redis.url(),
                    "refresh.interval",
                    INTERVAL.toSeconds() + "s",
                    "github.api.token",
                    TOKEN))
            .ready();
  }

  @AfterAll
  void stop() {
    service.close();
    redis.close();
    github.close();
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void cachedReadsAndForwardsSurviveRedisFault(Fault fault) {
    STORED.forEach(target -> assertThat(service.get(target).statusCode()).isEqualTo(200));
    String before = service.get("/orgs/Netflix/repos").body();
    begin(fault);
    try {
      List<Duration> waits = new ArrayList<>();
      Instant stale = Instant.now().plus(INTERVAL).plusSeconds(3);
      await()
          .atMost(SOON)
          .until(
              () -> {
                for (String target : STORED) {
                  waits.add(timed(target, 200));
                }
                waits.add(timed("/zen", 200));
                return Instant.now().isAfter(stale);
              });

      assertThat(waits).allMatch(wait -> wait.compareTo(Duration.ofSeconds(1)) < 0);
      HttpResponse<String> list = service.get("/orgs/Netflix/repos");
      assertThat(list.body()).isEqualTo(before);
      assertThat(list.headers().firstValue("Cache-Status").orElse(""))
          .matches("camel-rest-cache; hit; ttl=-\\d+; detail=stale");
      HttpResponse<String> health = service.get("/healthcheck");
      assertThat(health.statusCode()).as(health.body()).isEqualTo(200);
      assertThat(json(health).get("store").asText()).startsWith("Redis ");
    } finally {
      end(fault);
    }
    github.updateRepository(
        github.repositoryNames().get(0), each -> each.put("description", "After " + fault));
    Instant over = Instant.now();
    await()
        .atMost(SOON)
        .until(() -> service.get("/orgs/Netflix/repos").body().contains("After " + fault));
    await().until(this::areStored);
    LOG.info(
        "{}: everything is stored {} after it ended", fault, Duration.between(over, Instant.now()));
    await().until(() -> json(service.get("/healthcheck")).get("store").asText().equals("ready"));
    LOG.info(
        "{}: the healthcheck reports ready {} after it ended",
        fault,
        Duration.between(over, Instant.now()));
  }

  @Test
  void slowRedisDelaysNoCachedRead() {
    STORED.forEach(target -> assertThat(service.get(target).statusCode()).isEqualTo(200));
    slow = true;
    CompletableFuture<Void> slowing = CompletableFuture.runAsync(this::slowDown);
    try {
      Instant end = Instant.now().plusSeconds(5);
      await()
          .atMost(SOON)
          .until(
              () -> {
                for (String target : STORED) {
                  assertThat(timed(target, 200)).isLessThan(Duration.ofSeconds(1));
                }
                return Instant.now().isAfter(end);
              });
      assertThat(service.get("/zen").statusCode()).isEqualTo(200);
      assertThat(service.get("/healthcheck").statusCode()).isEqualTo(200);
    } finally {
      slow = false;
      slowing.join();
    }
  }

  @Test
  void flushedRedisIsRefilledFromMemoryWithoutGitHub() {
    service.get("/view/top/5/stars");
    Handle away = github.override(asked -> true, (asked, request) -> request.connection().close());
    try {
      try (Jedis operator = redis.operator()) {
        operator.flushAll();
      }
      await().atMost(Duration.ofSeconds(3)).until(this::areStored);
      assertThat(service.get("/orgs/Netflix/repos").statusCode()).isEqualTo(200);
    } finally {
      away.close();
    }
    await()
        .atMost(SOON)
        .until(
            () ->
                json(service.get("/healthcheck")).get("endpoints").findValues("failure").stream()
                    .allMatch(failure -> failure.isNull()));
  }

  @ParameterizedTest
  @EnumSource(Foreign.class)
  void unreadableEntryIsReplaced(Foreign foreign) {
    String key = Stored.endpoint(github, "/orgs/Netflix");
    String before = service.get("/orgs/Netflix").body();
    try (Jedis operator = redis.operator()) {
      switch (foreign) {
        case TEXT -> operator.set(key, "what?");
        case FIELD -> operator.hset(key, "fence", "first");
        case GZIP -> operator.hset(key, "gzip", "no gzip");
      }
    }
    Stored.forgetNear(service);

    HttpResponse<String> answer = service.get("/orgs/Netflix");

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo(before);
    try (Jedis operator = redis.operator()) {
      assertThat(operator.type(key)).isEqualTo("hash");
      assertThat(Long.parseLong(operator.hget(key, "fence"))).isPositive();
      assertThat(operator.hstrlen(key, "gzip")).isGreaterThan(100);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SET purges what?",
        "HSET purges =/a what?",
        "SET instances what?",
        "ZADD instances +inf nobody",
        "SET refreshes what?",
        "HSET refreshes /a null",
        "HSET refreshes /orgs/Netflix null",
        "HSET refreshes /orgs/Netflix {\"fence\":1e99,\"until\":1e99}"
      })
  void refreshesSurviveCorruptState(String command) {
    String[] words = command.split(" ");
    words[1] = "camel-rest-cache:3:" + github.url() + ":" + words[1];
    try (Jedis operator = redis.operator()) {
      operator.del(words[1]);
      operator.sendCommand(
          () -> words[0].getBytes(UTF_8), Arrays.copyOfRange(words, 1, words.length));
    }
    github.clearRequests();
    await()
        .atMost(SOON)
        .until(
            () ->
                Stream.of("/orgs/Netflix", "/orgs/Netflix/repos")
                    .allMatch(
                        path ->
                            github.requests().stream().anyMatch(each -> each.path().equals(path))));
    await()
        .atMost(SOON)
        .until(
            () ->
                service.context().getRegistry().findSingleByType(Instances.class).known().size()
                    == 1);
  }

  /** Ways to make a value unreadable. */
  enum Foreign {
    TEXT,
    FIELD,
    GZIP
  }

  private void begin(Fault fault) {
    switch (fault) {
      case STOPPED -> redis.crash();
      case HANGING -> redis.hang();
      case FULL -> {
        try (Jedis operator = redis.operator()) {
          operator.configSet("maxmemory", "1");
        }
      }
    }
  }

  private void end(Fault fault) {
    switch (fault) {
      case STOPPED -> {
        redis.close();
        redis = OwnRedis.at(redis.port());
      }
      case HANGING -> redis.goOn();
      case FULL -> {
        try (Jedis operator = redis.operator()) {
          operator.configSet("maxmemory", "0");
        }
      }
    }
  }

  /** Delays every Redis command by up to 300 ms. */
  private void slowDown() {
    try (Jedis operator = redis.operator()) {
      while (slow) {
        operator.sendCommand(() -> "DEBUG".getBytes(UTF_8), "SLEEP", "0.3");
      }
    }
  }

  private boolean areStored() {
    try (Jedis operator = redis.operator()) {
      return operator.exists(Stored.endpoint(github, "/orgs/Netflix/repos"))
          && operator.exists(Stored.view(github, "stars"));
    }
  }

  private Duration timed(String target, int status) {
    Instant begin = Instant.now();
    assertThat(service.get(target).statusCode()).as(target).isEqualTo(status);
    return Duration.between(begin, Instant.now());
  }
}
