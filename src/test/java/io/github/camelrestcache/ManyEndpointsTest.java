package io.github.camelrestcache;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.Jedis;

/** Hundreds of endpoints, while nothing is due. */
@Tag("slow")
class ManyEndpointsTest {

  private static final int COUNT = 300;

  /** Endpoints that are compared with Redis in each second. */
  private static final int IN_TURN = 20;

  private static final String BLOCK =
      """
      - route:
          id: many-%1$d
          description: Repository %1$d.
          from:
            uri: kamelet:cached-endpoint
            parameters: { path: /repos/Netflix/many-%1$d, shape: object, every: 1h }
            steps:
              - to: { uri: direct:refresh }
      """;

  @TempDir private static Path folder;

  private static GitHubStandIn github;
  private static OwnRedis redis;
  private static Service service;

  @BeforeAll
  static void start() throws IOException {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.override(
        asked -> asked.path().contains("/many-"), (asked, request) -> request.response().end("{}"));
    redis = OwnRedis.start();
    String blocks = IntStream.range(0, COUNT).mapToObj(BLOCK::formatted).collect(joining());
    service =
        Service.startWith(
            github, folder, blocks, Map.of("redis.url", redis.url(), "refresh.interval", "1h"));
  }

  @AfterAll
  static void stop() {
    service.close();
    redis.close();
    github.close();
  }

  @Test
  void allEndpointsShareOneTimerThread() {
    assertThat(Thread.getAllStackTraces().keySet())
        .filteredOn(thread -> thread.getName().contains("timer://endpoints"))
        .hasSize(1);
  }

  @Test
  void fewCommandsGoToRedisWhileNothingIsDue() {
    try (Jedis operator = redis.operator()) {
      // every second, all states are read, and the time by a script
      await().atMost(Duration.ofSeconds(30)).until(() -> github.inFlight() == 0);
      long looks = calls(operator, "hgetall");
      await().until(() -> calls(operator, "hgetall") >= looks + 4);
      long begun = calls(operator, "hgetall");
      long compared = calls(operator, "hmget");
      long scripts = calls(operator, "evalsha");

      await().atMost(Duration.ofSeconds(30)).until(() -> calls(operator, "hgetall") >= begun + 10);

      long seconds = calls(operator, "hgetall") - begun + 1;
      assertThat(calls(operator, "hmget") - compared).isBetween(1L, seconds * IN_TURN);
      assertThat(calls(operator, "evalsha") - scripts).isLessThanOrEqualTo(seconds * 2);
    }
  }

  @Test
  void lossOfAnyEndpointInRedisIsNoticed() {
    try (Jedis operator = redis.operator()) {
      for (int each : new int[] {0, COUNT / 2, COUNT - 1}) {
        String key = Stored.endpoint(github, "/repos/Netflix/many-" + each);
        operator.del(key);
        await().atMost(Duration.ofSeconds(40)).until(() -> operator.hexists(key, "gzip"));
      }
    }
  }

  private static long calls(Jedis operator, String command) {
    Matcher calls =
        Pattern.compile("cmdstat_" + command + ":calls=(\\d+)")
            .matcher(operator.info("commandstats"));
    return calls.find() ? Long.parseLong(calls.group(1)) : 0;
  }
}
