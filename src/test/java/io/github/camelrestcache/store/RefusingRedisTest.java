package io.github.camelrestcache.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.OwnRedis;
import io.github.camelrestcache.Service;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.RedisConnectionFailureException;
import org.springframework.data.redis.listener.ChannelTopic;
import redis.clients.jedis.Jedis;

/** A Redis that answers, but refuses commands or connections. */
@Tag("slow")
class RefusingRedisTest extends ConnectedRedis {
  @Test
  void fullRedisServesReadsOnly() {
    OwnRedis redis = opened(OwnRedis.at(Service.freePort(), "maxmemory-policy noeviction"));
    connect(redis.url());
    write("k", "before");
    try (Jedis operator = redis.operator()) {
      operator.configSet("maxmemory", "1");

      for (int time = 0; time < 5; time++) {
        assertThatThrownBy(() -> write("k", "after"))
            .isInstanceOf(DataAccessException.class)
            .hasMessageContaining("OOM");
        assertThat(read()).isEqualTo("before");
      }
      assertThat(connection.isUp()).isTrue();
      assertThat(connection.failure()).startsWith("Redis refuses writes since ").contains("OOM");

      operator.configSet("maxmemory", "0");

      await().atMost(LONG).until(() -> connection.failure() == null);
    }
    write("k", "after");
    assertThat(lines.seen())
        .satisfiesExactly(
            full -> assertThat(full).matches("WARN Redis at .* refuses writes \\(OOM.*"),
            roomy -> assertThat(roomy).matches("INFO Redis at .* accepts writes again after .*"));
  }

  @Test
  void demotedMasterServesReadsOnNewConnections() {
    OwnRedis redis = opened(OwnRedis.start());
    connect(redis.url());
    write("k", "before");
    try (Jedis operator = redis.operator()) {
      Set<String> before = connections(operator);
      operator.replicaof("127.0.0.1", Service.freePort());

      assertThatThrownBy(() -> write("k", "after")).hasMessageContaining("READONLY");

      assertThat(read()).isEqualTo("before");
      assertThat(connections(operator)).isNotEmpty().doesNotContainAnyElementsOf(before);
      assertThat(connection.failure()).startsWith("Redis refuses writes").contains("READONLY");
      operator.replicaofNoOne();
      await().atMost(LONG).until(() -> connection.failure() == null);
    }
    write("k", "after");
    assertThat(lines.seen()).hasSize(2);
  }

  @Test
  void replicaWithoutDataIsAnOutage() {
    OwnRedis redis = opened(OwnRedis.at(Service.freePort(), "replica-serve-stale-data no"));
    connect(redis.url());
    try (Jedis operator = redis.operator()) {
      operator.replicaof("127.0.0.1", Service.freePort());
      await().atMost(LONG).until(() -> !connection.isUp());
      assertThat(connection.failure()).contains("MASTERDOWN");
      operator.replicaofNoOne();
    }
    awaitUp();
    assertThat(lines.seen()).hasSize(2);
  }

  @Test
  void loadingRedisIsAnOutage() throws IOException {
    ServerSocket loading = opened(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
    answer(loading, "-LOADING Redis is loading the dataset in memory\r\n");

    connect("redis://127.0.0.1:" + loading.getLocalPort());

    await().atMost(LONG).until(() -> connection.failure().contains("LOADING"));
    assertThat(failure(this::read)).isInstanceOf(RedisConnectionFailureException.class);
  }

  @Test
  void rejectedPasswordIsRetried() {
    OwnRedis redis = opened(OwnRedis.start());
    try (Jedis operator = redis.operator()) {
      operator.aclSetUser("cache", "on", ">other", "~*", "+@all");

      connect("redis://cache:s3cret@127.0.0.1:" + redis.port());

      assertThat(connection.failure()).contains("WRONGPASS").doesNotContain("s3cret");
      operator.aclSetUser("cache", ">s3cret");
    }
    awaitUp();
    write("k", "v");
    assertThat(lines.seen()).hasSize(2).noneMatch(line -> line.contains("s3cret"));
  }

  @Test
  void missingPasswordIsReported() {
    OwnRedis redis = opened(OwnRedis.at(Service.freePort(), "requirepass s3cret"));

    connect(redis.url());

    assertThat(connection.failure()).contains("NOAUTH");
  }

  @Test
  void restrictedUserCanUseItsRights() {
    OwnRedis redis = opened(OwnRedis.start());
    try (Jedis operator = redis.operator()) {
      operator.aclSetUser("few", "on", ">pw", "~k", "+get", "+set", "-ping");
    }

    connect("redis://few:pw@127.0.0.1:" + redis.port());

    write("k", "v");
    assertThat(read()).isEqualTo("v");
    assertThatThrownBy(() -> write("other", "v")).hasMessageContaining("NOPERM");
    assertThat(connection.failure()).isNull();
    assertThat(lines.seen()).isEmpty();
  }

  @Test
  void refusedSubscriptionIsLoggedOnce() throws Exception {
    OwnRedis redis = opened(OwnRedis.start());
    try (Jedis operator = redis.operator()) {
      operator.aclSetUser("deaf", "on", ">pw", "~*", "+@all", "-subscribe");
    }
    connect(redis.url().replace("://", "://deaf:pw@"));
    connection.listeners().addMessageListener((message, pattern) -> {}, new ChannelTopic("news"));

    connection.listen();
    await().atMost(LONG).until(() -> !warned().isEmpty());
    assertThat(warned()).singleElement().asString().contains("refuses the subscription (NOPERM ");
    assertThat(connection.failure()).isNull();
  }
}
