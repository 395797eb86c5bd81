package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.core.RedisCallback;
import redis.clients.jedis.Jedis;

/** What Redis holds of forwarded responses. */
class ForwardStoreTest extends CachedForwards {
  @Test
  void privateResponsesUnderServiceTokenAreStored() throws Exception {
    upstreamAnswers(Answer.of(200, "one", "Cache-Control", "private, max-age=60"));
    try (Service lending = Service.start(github, Map.of("github.api.token", TOKEN))) {
      lending.get("/x/p");
      lending.get("/x/p");
      assertThat(asked()).hasSize(1);
    }
  }

  @Test
  void oversizedResponseIsNotStored() throws Exception {
    String large = "x".repeat(101 * 1024);
    upstreamAnswers(Answer.fresh(large), Answer.fresh(large, "Transfer-Encoding", "chunked"));
    for (int i = 1; i < 5; i++) {
      assertThat(service.get("/x/large").body()).isEqualTo(large);
      assertThat(asked()).hasSize(i);
    }
  }

  @Test
  void storedResponsesAreSharedAndSurviveRestart() throws Exception {
    upstreamAnswers(Answer.fresh("one", "Vary", "Accept"));
    try (OwnRedis redis = OwnRedis.start()) {
      try (Service first = Service.start(github, Map.of("redis.url", redis.url()));
          Service second = Service.start(github, Map.of("redis.url", redis.url()))) {
        first.get("/x/shared");
        assertThat(status(second.get("/x/shared"))).startsWith("hit");
        first.send("POST", "/x/shared");
        // the invalidation arrives shortly after
        await().until(() -> status(second.get("/x/shared")).startsWith("fwd"));
      }
      try (Service later = Service.start(github, Map.of("redis.url", redis.url()))) {
        assertThat(status(later.get("/x/shared"))).startsWith("hit");
      }
    }
    assertThat(asked()).hasSize(3);
  }

  @Test
  void readsAndWritesAreForwardedWithoutRedis() throws Exception {
    upstreamAnswers(Answer.fresh("one"));
    OwnRedis redis = OwnRedis.start();
    try (redis;
        Service cut = Service.start(github, Map.of("redis.url", redis.url()))) {
      cut.get("/x/1");
      redis.close();
      assertThat(cut.get("/x/1").body()).isEqualTo("one");
      // memory is not used any more when Redis has not said for a second that nothing changed
      await().until(() -> status(cut.get("/x/1")).equals("fwd=bypass; fwd-status=200"));
      assertThat(cut.get("/x/1").body()).isEqualTo("one");
      assertThat(cut.send("POST", "/x/1").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void writeInvalidatesWhileRedisRefusesWrites() throws Exception {
    upstreamAnswers(
        Answer.fresh("one"), Answer.of(200, "written"), Answer.fresh("two"), Answer.fresh("three"));
    try (OwnRedis redis = OwnRedis.start();
        Service full = Service.start(github, Map.of("redis.url", redis.url())).ready();
        Jedis operator = redis.operator()) {
      full.get("/x/1");
      assertThat(status(full.get("/x/1"))).startsWith("hit");
      operator.configSet("maxmemory", "1");
      assertThat(full.send("POST", "/x/1").statusCode()).isEqualTo(200);

      assertThat(full.get("/x/1").body()).as("while Redis refuses writes").isEqualTo("two");

      operator.configSet("maxmemory", "0");
      assertThat(full.get("/x/1").body()).as("when Redis accepts writes again").isEqualTo("three");
      assertThat(status(full.get("/x/1"))).startsWith("hit");
    }
  }

  @Test
  void variantsStoredConcurrentlyAreAllFound() throws Exception {
    upstreamAnswers(Answer.fresh("one", "Vary", "Accept"));
    List<String> types = IntStream.range(0, 40).mapToObj(i -> "text/x-" + i).toList();
    ExecutorService threads = Executors.newFixedThreadPool(types.size());
    types.forEach(type -> threads.execute(() -> service.get("/x/v", "Accept", type)));
    threads.shutdown();
    assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    assertThat(types)
        .allMatch(type -> status(service.get("/x/v", "Accept", type)).startsWith("hit"));
  }

  @Test
  void storedResponsesExpire() throws Exception {
    upstreamAnswers(Answer.fresh("one", "Vary", "Accept"), Answer.fresh("two", "Vary", "Accept"));
    service.get("/x/t");
    service.get("/x/t", "Accept", "text/html");
    service.send("POST", "/x/t");
    var redis = Stored.in(service);
    assertThat(redis.keys("*:forward:*"))
        .hasSize(2)
        .allSatisfy(key -> assertThat(redis.getExpire(key)).isGreaterThan(86_000));
  }

  @Test
  void redisHasNoCallerSecrets() throws Exception {
    upstreamAnswers(Answer.fresh("one", "Vary", "Accept, Authorization, Cookie, X-GitHub-OTP"));
    for (int i = 0; i < 2; i++) {
      service.get(
          "/x/secret",
          "Authorization",
          "Bearer s3cret",
          "Cookie",
          "user_session=s3cret",
          "X-GitHub-OTP",
          "s3cret",
          "X-Other-Token",
          "s3cret");
    }
    assertThat(asked()).hasSize(1);
    var redis = Stored.in(service);
    assertThat(redis.keys("*:forward:*"))
        .isNotEmpty()
        .allSatisfy(key -> assertThat(key + Stored.text(service, key)).doesNotContain("s3cret"));
  }

  @Test
  void corruptEntryCountsAsMiss() throws Exception {
    upstreamAnswers(Answer.fresh("one"));
    service.get("/x/d");
    var redis = Stored.in(service);
    redis.keys("*:forward:*").forEach(key -> redis.opsForValue().set(key, new byte[] {1, 2}));
    assertThat(service.get("/x/d").body()).isEqualTo("one");
    await()
        .atMost(Duration.ofSeconds(5))
        .until(() -> status(service.get("/x/d")).startsWith("hit"));
  }

  @Test
  void responsesUnderServiceTokenAreKeptPerToken() throws Exception {
    github.addToken("another-token", "the-service");
    upstreamAnswers(Answer.of(200, "one", "Cache-Control", "private, max-age=60"));
    try (OwnRedis redis = OwnRedis.start()) {
      for (String token : List.of(TOKEN, "another-token", "")) {
        try (Service each =
            Service.start(github, Map.of("github.api.token", token, "redis.url", redis.url()))) {
          assertThat(status(each.get("/x/lent"))).as(token).startsWith("fwd");
        }
      }
    }
    assertThat(asked()).hasSize(3);
  }

  @Test
  void storedIsNotReportedWhenRedisRefuses() throws Exception {
    upstreamAnswers(Answer.fresh("one", "Vary", "Accept"));
    try (OwnRedis redis = OwnRedis.start();
        Service full = Service.start(github, Map.of("redis.url", redis.url()))) {
      full.ready();
      Stored.in(full)
          .execute(
              (RedisCallback<Void>)
                  connection -> {
                    connection.serverCommands().setConfig("maxmemory", "1");
                    return null;
                  });
      for (int i = 0; i < 2; i++) {
        HttpResponse<String> answer = full.get("/x/full");
        assertThat(answer.body()).isEqualTo("one");
        assertThat(status(answer)).isEqualTo("fwd=uri-miss; fwd-status=200");
      }
    }
  }

  @Test
  void evictionRemovesOnlyForwardedResponses() throws Exception {
    upstreamAnswers(Answer.fresh("x".repeat(50_000)));
    try (Service full = Service.start(github).ready()) {
      var redis = Stored.in(full);
      redis.execute(
          (RedisCallback<Void>)
              connection -> {
                var server = connection.serverCommands();
                long used = Long.parseLong(server.info("memory").getProperty("used_memory"));
                server.setConfig("maxmemory", Long.toString(used + 1_000_000));
                return null;
              });
      for (int i = 0; i < 60; i++) {
        assertThat(status(full.get("/x/" + i))).endsWith("stored");
      }
      assertThat(redis.keys("*:forward:*"))
          .filteredOn(key -> !key.contains(":scope:"))
          .hasSizeBetween(1, 30);
      assertThat(redis.keys("*:endpoint:*")).hasSize(4);
      assertThat(redis.keys("*:view:*")).hasSize(8);
    }
  }
}
