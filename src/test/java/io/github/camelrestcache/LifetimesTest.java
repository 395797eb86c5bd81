package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.base.HttpDates;
import io.github.camelrestcache.standin.GitHubStandIn;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;

/** How long forwarded answers are kept in Redis, and what a request costs there. */
@SuppressWarnings("try") // the handle of an override is only closed
class LifetimesTest {

  private static GitHubStandIn github;
  private static OwnRedis redis;
  private static Service service;

  private AutoCloseable upstream = () -> {};
  private final AtomicInteger status = new AtomicInteger(200);

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    redis = OwnRedis.start();
    service = Service.start(github, Map.of("redis.url", redis.url())).ready();
  }

  @AfterAll
  static void stop() {
    service.close();
    redis.close();
    github.close();
  }

  @BeforeEach
  void answer() {
    Stored.forgetForwarded(service);
    upstream =
        github.override(
            asked -> asked.path().startsWith("/repos/x"),
            (asked, request) -> {
              boolean valid = asked.header("If-None-Match") != null;
              request.response().setStatusCode(valid ? 304 : status.get());
              request.response().putHeader("Cache-Control", "private, max-age=60");
              request.response().putHeader("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP");
              request.response().putHeader("ETag", "\"a\"").end(valid ? "" : "{}");
            });
  }

  @AfterEach
  void restoreUpstream() throws Exception {
    upstream.close();
  }

  private static Set<String> stored() {
    return Stored.in(service).keys("*:forward:*");
  }

  /**
   * How often Redis has run each command that only the cache sends; HMGET goes with GETRANGE and
   * MGET, which reads the refusals of rate limits.
   */
  private static Map<String, Long> commands() {
    Map<String, Long> counts = new HashMap<>();
    try (Jedis jedis = new Jedis(redis.url())) {
      for (String line : jedis.info("commandstats").split("\\R")) {
        if (line.matches("cmdstat_(getrange|set|eval|del|mget|expire|strlen|psetex):.*")) {
          String[] parts = line.replace("cmdstat_", "").split("[:=,]");
          counts.put(parts[0], Long.parseLong(parts[2]));
        }
      }
    }
    return counts;
  }

  private static Map<String, Long> during(Runnable request) {
    Map<String, Long> before = commands();
    request.run();
    Map<String, Long> sent = new TreeMap<>();
    commands()
        .forEach(
            (name, count) -> {
              if (count > before.getOrDefault(name, 0L)) {
                sent.put(name, count - before.getOrDefault(name, 0L));
              }
            });
    return sent;
  }

  @Test
  void answersOfAnHourlyTokenEndWithIt() {
    service.get("/repos/x/y", "Authorization", "Bearer ghs_a");
    assertThat(stored())
        .isNotEmpty()
        .filteredOn(key -> !key.contains("scope"))
        .allSatisfy(key -> assertThat(Stored.in(service).getExpire(key)).isBetween(3_500L, 3_600L));
  }

  @Test
  void answersOfARevokedCredentialAreRemoved() {
    String[] revoked = {"Authorization", "Bearer ghs_revoked"};
    for (int i = 0; i < 100; i++) {
      service.get("/repos/x/y/issues/" + i, revoked);
    }
    service.get("/repos/x/y", "Authorization", "Bearer other");
    int all = stored().size();
    status.set(401);
    assertThat(service.get("/repos/x/new", revoked).statusCode()).isEqualTo(401);
    assertThat(stored()).as("the other's, and scopes").hasSizeLessThanOrEqualTo(all - 100);
    assertThat(service.get("/repos/x/y/issues/7", revoked).statusCode()).isEqualTo(401);
    assertThat(service.get("/repos/x/y", "Authorization", "Bearer other").statusCode())
        .isEqualTo(200);
  }

  @Test
  void missAndValidationTakeOneTripToLookAndOneToKeep() {
    String[] caller = {"Authorization", "Bearer somebody"};
    service.get("/repos/x/y?first", caller);
    assertThat(during(() -> service.get("/repos/x/y?miss", caller)))
        .isEqualTo(Map.of("getrange", 1L, "mget", 1L, "set", 1L));
    assertThat(during(() -> service.get("/repos/x/y?miss", caller))).as("from memory").isEmpty();
    String[] demanding = {"Authorization", "Bearer somebody", "Cache-Control", "no-cache"};
    assertThat(during(() -> service.get("/repos/x/y?miss", demanding)))
        .isEqualTo(Map.of("getrange", 1L, "mget", 1L, "set", 1L));
  }

  @Test
  void replacedAnswerIsNotServedAgainByAFullRedis() throws Exception {
    AtomicInteger versions = new AtomicInteger();
    try (OwnRedis small = OwnRedis.start();
        Service full = Service.start(github, Map.of("redis.url", small.url())).ready();
        Jedis operator = small.operator();
        var handle =
            github.override(
                asked -> asked.path().startsWith("/x/full"),
                (asked, request) ->
                    request
                        .response()
                        .putHeader("Cache-Control", "max-age=60")
                        .end("v" + versions.incrementAndGet()))) {
      assertThat(full.get("/x/full").body()).isEqualTo("v1");
      operator.configSet("maxmemory", "1");
      assertThat(full.get("/x/full", "Cache-Control", "no-cache").body()).isEqualTo("v2");
      assertThat(full.get("/x/full").body()).isNotEqualTo("v1");
    }
  }

  @Test
  void lateInvalidationReachesOtherInstances() throws Exception {
    AtomicInteger version = new AtomicInteger(1);
    try (OwnRedis shared = OwnRedis.start();
        Service one = Service.start(github, Map.of("redis.url", shared.url())).ready();
        Service other = Service.start(github, Map.of("redis.url", shared.url())).ready();
        Jedis operator = shared.operator();
        var handle =
            github.override(
                asked -> asked.path().startsWith("/repos/x/late"),
                (asked, request) ->
                    request
                        .response()
                        .putHeader("Cache-Control", "max-age=60")
                        .end("v" + version.get()))) {
      assertThat(other.get("/repos/x/late").body()).isEqualTo("v1");
      operator.configSet("min-replicas-to-write", "1");
      version.set(2);
      one.send("POST", "/repos/x/late");
      operator.configSet("min-replicas-to-write", "0");
      await().until(() -> other.get("/repos/x/late").body().equals("v2"));
    }
  }

  @Test
  void differentClocksAreToldOnceAndDoNotMatter() throws Exception {
    try (LogLines log = LogLines.of("io.github.camelrestcache.cache.HttpCache");
        Service far = Service.start(github, Map.of("redis.url", redis.url()));
        var handle =
            github.override(
                asked -> asked.path().startsWith("/x/clock"),
                (asked, request) ->
                    request
                        .response()
                        .putHeader("Cache-Control", "max-age=60")
                        .putHeader("Date", HttpDates.format(Instant.now().minusSeconds(300)))
                        .end("{}"))) {
      far.get("/x/clock/1");
      far.get("/x/clock/2");
      HttpResponse<String> hit = far.get("/x/clock/1");
      assertThat(hit.headers().firstValue("Cache-Status").get()).contains("hit; ttl=");
      await()
          .untilAsserted(
              () -> assertThat(log.lines()).filteredOn(line -> line.contains("NTP")).hasSize(1));
      assertThat(log.lines()).anyMatch(line -> line.matches(".* 30\\d s ahead of GitHub's.*"));
    }
  }
}
