package io.github.camelrestcache.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.OwnRedis;
import io.github.camelrestcache.Service;
import io.github.camelrestcache.base.BadConfiguration;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.data.redis.RedisConnectionFailureException;
import org.springframework.data.redis.core.RedisCallback;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.data.redis.listener.ChannelTopic;
import org.springframework.data.redis.listener.RedisMessageListenerContainer;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.params.ClientKillParams;

/** What callers and the log see of a Redis that fails and recovers. */
@Tag("slow")
class RedisConnectionTest extends ConnectedRedis {
  @Test
  void killedConnectionsAreReplacedInTheSameDatabase() {
    OwnRedis redis = opened(OwnRedis.start());
    connect(redis.url() + "/3");
    concurrently(CALLERS, () -> write("k", "before"));

    try (Jedis operator = redis.operator()) {
      for (int time = 0; time < 20; time++) {
        operator.clientKill(new ClientKillParams().skipMe(ClientKillParams.SkipMe.YES));
        concurrently(8, () -> assertThat(read()).isEqualTo("before"));
      }
      write("k", "after");
      assertThat(operator.dbSize()).isZero();
    }
    assertThat(lines.seen()).isEmpty();
  }

  @Test
  void reconnectionKeepsTheDatabase() {
    OwnRedis redis = opened(OwnRedis.start());
    connect(redis.url() + "/3");
    AtomicInteger tries = new AtomicInteger();

    connection.execute(
        (RedisCallback<Object>)
            open -> {
              open.stringCommands().get("k".getBytes(UTF_8));
              if (tries.incrementAndGet() == 1) {
                redis.hang();
                await().atMost(LONG).until(() -> !connection.isUp());
                redis.goOn();
                awaitUp();
              }
              return open.stringCommands().set("k".getBytes(UTF_8), "v".getBytes(UTF_8));
            });

    assertThat(tries).hasValue(2);
    assertThat(read()).isEqualTo("v");
    try (Jedis operator = redis.operator()) {
      assertThat(operator.dbSize()).isZero();
    }
  }

  @Test
  void lostConnectionThatIsRefusedIsAnOutage() {
    OwnRedis redis = opened(OwnRedis.start());
    connect(redis.url());
    write("k", "before");
    try (Jedis operator = redis.operator()) {
      operator.configSet("maxclients", "1");
      String ofCommands =
          operator
              .clientList()
              .lines()
              .filter(line -> line.contains(" cmd=set "))
              .map(line -> line.replaceFirst("id=(\\d+) .*", "$1"))
              .findFirst()
              .orElseThrow();

      operator.clientKill(new ClientKillParams().id(ofCommands));
      List<Duration> waits = concurrently(8, () -> assertThat(failure(this::read)).isNotNull());

      assertThat(waits).allMatch(wait -> wait.toMillis() < 1_000);
      await().atMost(LONG).until(() -> !connection.isUp());
      assertThat(connection.failure()).contains("max number of clients");
      operator.configSet("maxclients", "1000");
    }
    awaitUp();
    assertThat(read()).isEqualTo("before");
    assertThat(lines.seen()).hasSize(2);
  }

  @Test
  void restartOnSamePortIsOneOutage() {
    OwnRedis redis = opened(OwnRedis.start());
    connect(redis.url());
    concurrently(CALLERS, () -> write("k", "before"));

    redis.crash();
    concurrently(CALLERS, () -> assertThat(failure(this::read)).isNotNull());
    assertThat(connection.failure()).contains("Connection refused");
    await()
        .pollDelay(Duration.ofMillis(20))
        .during(Duration.ofSeconds(3))
        .atMost(LONG)
        .until(() -> failure(this::read) != null);
    opened(OwnRedis.at(redis.port()));

    awaitUp();
    concurrently(CALLERS, () -> assertThat(read()).isNull());
    assertThat(lines.seen()).hasSize(2);
  }

  @Test
  void redisMissingAtStartIsUsedLater() {
    int port = Service.freePort();

    List<Duration> waits = concurrently(1, () -> connect("redis://127.0.0.1:" + port));

    assertThat(waits).allMatch(wait -> wait.toMillis() < 1_500);
    assertThat(connection.isUp()).isFalse();
    assertThat(lines.seen())
        .singleElement()
        .asString()
        .startsWith("WARN Redis at 127.0.0.1:" + port + " does not answer (Connection refused)");

    opened(OwnRedis.at(port));

    awaitUp();
    write("k", "v");
    assertThat(lines.seen()).hasSize(2);
  }

  @Test
  void stopEndsAllThreadsAndRedisCountsAsDown() throws Exception {
    OwnRedis redis = opened(OwnRedis.start());
    connect(redis.url());
    write("k", "v");
    connection.stop();
    connection.stop();
    assertThat(connection.isUp()).isFalse();
    assertThatThrownBy(this::read)
        .isInstanceOf(RedisConnectionFailureException.class)
        .hasMessage(connection.failure());
    await()
        .atMost(LONG)
        .until(
            () ->
                Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(thread -> thread.getName().equals("redis-probe")));
    assertThat(lines.seen()).isEmpty();
  }

  @Test
  void sentinelFailoverMovesConnectionsAndListeners() {
    Replicated servers = replicated();
    Queue<String> heard = new ConcurrentLinkedQueue<>();
    RedisMessageListenerContainer listeners = new RedisMessageListenerContainer();
    listeners.setConnectionFactory(connection.getConnectionFactory());
    listeners.setRecoveryInterval(200);
    listeners.addMessageListener(
        (message, pattern) -> heard.add(new String(message.getBody(), UTF_8)),
        new ChannelTopic("news"));
    listeners.afterPropertiesSet();
    listeners.start();
    open.add(0, listeners::destroy);
    awaitHeard(heard, "one");
    write("k", "kept");

    servers.master().crash();

    await().atMost(LONG).until(() -> !connection.isUp());
    awaitUp();
    assertThat(read()).isEqualTo("kept");
    write("k", "written");
    awaitHeard(heard, "two");
    try (Jedis operator = servers.replica().operator()) {
      operator.auth("p@ss");
      operator.select(2);
      assertThat(operator.get("k")).isEqualTo("written");
    }
    assertThat(lines.seen()).hasSize(2);
  }

  @Test
  void plannedFailoverIsSilent() {
    Replicated servers = replicated();
    write("k", "kept");
    try (Jedis operator = servers.sentinel().operator()) {
      operator.auth("p@ss");
      operator.sentinelFailover("mymaster");
    }

    await().atMost(LONG).until(() -> role(servers.replica()).equals("master"));
    await().atMost(LONG).until(() -> role(servers.master()).equals("slave"));

    assertThat(read()).isEqualTo("kept");
    write("k", "written");
    try (Jedis operator = servers.replica().operator()) {
      operator.auth("p@ss");
      operator.select(2);
      assertThat(operator.get("k")).isEqualTo("written");
    }
    assertThat(connection.failure()).isNull();
    assertThat(lines.seen()).isEmpty();
  }

  @Test
  void clusterIsUsedAndItsOutageIsNoticed(@TempDir Path folder) {
    OwnRedis redis = cluster(folder);
    connect("redis-cluster://127.0.0.1:" + redis.port());
    Queue<String> heard = new ConcurrentLinkedQueue<>();
    connection
        .listeners()
        .addMessageListener(
            (message, pattern) -> heard.add(new String(message.getBody(), UTF_8)),
            new ChannelTopic("news"));
    connection.listen();

    write("k", "v");
    write("{other}", "w");
    assertThat(read()).isEqualTo("v");
    RedisScript<Long> script = RedisScript.of("return redis.call('EXISTS', KEYS[1])", Long.class);
    assertThat(connection.run(script, "{other}")).isEqualTo(1);
    assertThat(connection.delete(List.of("k", "{other}"))).isEqualTo(2);
    awaitHeard(heard, "one");

    redis.hang();
    await().atMost(LONG).until(() -> !connection.isUp());
    redis.goOn();

    awaitUp();
    awaitHeard(heard, "two");
    assertThat(lines.seen()).hasSize(2);
  }

  @Test
  void urlOfOneServerRefusesCluster(@TempDir Path folder) {
    OwnRedis redis = cluster(folder);

    assertThatThrownBy(() -> connect(redis.url()))
        .hasRootCauseInstanceOf(BadConfiguration.class)
        .hasRootCauseMessage(
            "REDIS_URL names 127.0.0.1:%d, which belongs to a Redis Cluster: write redis-cluster://"
                    .formatted(redis.port())
                + " or rediss-cluster://");
  }
}
