package io.github.camelrestcache.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.OwnRedis;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.RedisConnectionFailureException;
import org.springframework.data.redis.core.RedisCallback;
import org.springframework.data.redis.core.RedisOperations;
import org.springframework.data.redis.core.SessionCallback;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.data.redis.listener.ChannelTopic;
import redis.clients.jedis.Jedis;

/** A Redis that hangs delays few callers, and is noticed. */
@Tag("slow")
class HangingRedisTest extends ConnectedRedis {
  @Test
  void hangingRedisDelaysOnlyTheFirstCallers() {
    OwnRedis redis = opened(OwnRedis.start());
    connect(redis.url());
    write("k", "before");
    redis.hang();

    List<Duration> waits = concurrently(CALLERS, () -> assertThat(failure(this::read)).isNotNull());

    assertThat(waits).allMatch(wait -> wait.toMillis() < 1_000);
    assertThat(connection.isUp()).isFalse();
    assertThat(connection.failure())
        .matches(
            "Redis does not answer since \\d\\d:\\d\\d:\\d\\d UTC \\(.*(timed out|No answer).*\\)");
    waits = concurrently(CALLERS, () -> assertThat(failure(this::read)).isNotNull());
    assertNoneWaited(waits);
    assertThatThrownBy(this::read)
        .isInstanceOf(RedisConnectionFailureException.class)
        .hasMessageStartingWith("Redis does not answer since ");

    redis.goOn();

    awaitUp();
    assertThat(read()).isEqualTo("before");
    assertThat(connection.failure()).isNull();
    assertThat(lines.seen())
        .satisfiesExactly(
            gone -> assertThat(gone).matches("WARN Redis at .* does not answer \\(.*\\): .*"),
            back -> assertThat(back).matches("INFO Redis at .* answers again after [\\d.]+ s"));
  }

  @Test
  void everyOperationFailsFastDuringOutage() {
    OwnRedis redis = opened(OwnRedis.start());
    connect(redis.url());
    redis.hang();
    await().atMost(LONG).until(() -> !connection.isUp());
    RedisScript<Long> script = RedisScript.of("return 1", Long.class);
    SessionCallback<?> session =
        new SessionCallback<Object>() {
          @Override
          @SuppressWarnings("unchecked")
          public <K, V> Object execute(RedisOperations<K, V> operations) {
            operations.hasKey((K) "k");
            return null;
          }
        };
    List<Runnable> uses =
        List.of(
            () -> connection.opsForValue().get("k"),
            () -> connection.opsForHash().entries("k"),
            () -> connection.boundHashOps("k").size(),
            () -> connection.delete("k"),
            () -> connection.execute(script, List.of()),
            () ->
                connection.executePipelined(
                    (RedisCallback<?>) open -> open.serverCommands().dbSize()),
            () -> connection.executePipelined(session),
            () -> connection.execute(session),
            () -> connection.convertAndSend("channel", "text".getBytes(UTF_8)));

    List<Duration> waits =
        concurrently(
            uses.size(),
            use ->
                assertThat(failure(uses.get(use)::run))
                    .isInstanceOf(RedisConnectionFailureException.class));

    assertNoneWaited(waits);
  }

  @Test
  void idleProbeDetectsHangingRedis() {
    OwnRedis redis = opened(OwnRedis.start());
    connect(redis.url());

    redis.hang();

    await().atMost(Duration.ofSeconds(3)).until(() -> !connection.isUp());
  }

  @Test
  void largeWriteToHangingRedisFails() {
    OwnRedis redis = opened(OwnRedis.start());
    connect(redis.url());
    write("k", "before");
    byte[] large = new byte[40_000_000];
    redis.hang();

    List<Duration> waits =
        concurrently(
            1,
            () ->
                assertThat(failure(() -> connection.opsForValue().set("large", large)))
                    .isInstanceOf(DataAccessException.class));

    // a write has no timeout: it fails when the probe gets no reply
    assertThat(waits).allMatch(wait -> wait.toMillis() < 4_000);
  }

  @Test
  void largeValueIsStored() {
    OwnRedis redis = opened(OwnRedis.start());
    connect(redis.url());
    byte[] large = new byte[20_000_000];

    connection.opsForValue().set("large", large);

    assertThat((byte[]) connection.opsForValue().get("large")).hasSize(large.length);
    assertThat(lines.seen()).isEmpty();
  }

  @Test
  void commandsBehindSlowLargeValueDoNotTimeOut() throws IOException {
    OwnRedis redis = opened(OwnRedis.start());
    byte[] large = new byte[12_000_000];
    try (Jedis operator = redis.operator()) {
      operator.set("large".getBytes(UTF_8), large);
      operator.set("k", "small");
    }
    connect("redis://127.0.0.1:" + opened(new SlowLink(redis.port())).port());

    List<Duration> waits =
        concurrently(
            CALLERS,
            caller -> {
              if (caller == 0) {
                assertThat((byte[]) connection.opsForValue().multiGet(List.of("large")).get(0))
                    .hasSize(large.length);
              } else {
                await().until(() -> connection.opsForValue().get("k") != null);
              }
            });

    assertThat(waits.get(0)).isGreaterThan(Duration.ofMillis(700));
    assertThat(lines.seen()).isEmpty();
  }

  @Test
  void subscriptionBegunDuringHangIsMadeAfterwards() {
    OwnRedis redis = opened(OwnRedis.start());
    connect(redis.url());
    Queue<String> heard = new ConcurrentLinkedQueue<>();
    connection
        .listeners()
        .addMessageListener(
            (message, pattern) -> heard.add(new String(message.getBody(), UTF_8)),
            new ChannelTopic("news"));
    redis.hang();
    connection.listen();
    await().atMost(LONG).until(() -> !connection.isUp());
    redis.goOn();
    awaitUp();

    awaitHeard(heard, "news");
  }
}
