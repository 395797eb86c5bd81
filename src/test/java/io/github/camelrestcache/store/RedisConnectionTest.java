package io.github.camelrestcache.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.github.camelrestcache.OwnRedis;
import io.github.camelrestcache.Service;
import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.RedisAddress;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.RedisConnectionFailureException;
import org.springframework.data.redis.core.RedisCallback;
import org.springframework.data.redis.core.RedisOperations;
import org.springframework.data.redis.core.SessionCallback;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.data.redis.listener.ChannelTopic;
import org.springframework.data.redis.listener.RedisMessageListenerContainer;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.params.ClientKillParams;

/** What callers and the log see of a Redis that fails and recovers. */
@Tag("slow")
class RedisConnectionTest {

  private static final Duration LONG = Duration.ofSeconds(20);
  private static final int CALLERS = 80;

  private final List<AutoCloseable> open = new ArrayList<>();
  private final Lines lines = new Lines();
  private RedisConnection connection;

  /** Loads the classes of the client, so that no test measures that. */
  @BeforeAll
  static void loadClasses() throws Exception {
    RedisAddress nowhere = RedisAddress.of("redis://127.0.0.1:" + Service.freePort()).orElseThrow();
    RedisConnection client = new RedisConnection(nowhere, new Meters(new SimpleMeterRegistry()));
    client.start();
    client.stop();
  }

  @BeforeEach
  void listen() {
    lines.start();
    ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).addAppender(lines);
  }

  @AfterEach
  void close() throws Exception {
    if (connection != null) {
      connection.stop();
    }
    ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).detachAppender(lines);
    for (AutoCloseable each : open) {
      each.close();
    }
  }

  @Test
  void hangingRedisDelaysOnlyTheFirstCallers() {
    OwnRedis redis = opened(OwnRedis.start());
    connect(redis.url());
    write("k", "before");
    redis.hang();

    List<Duration> waits = concurrently(CALLERS, () -> assertThat(failure(this::read)).isNotNull());

    assertThat(waits).allMatch(wait -> wait.toMillis() < 1_000);
    assertThat(connection.isUp()).isFalse();
    assertThat(connection.trouble())
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
    assertThat(connection.trouble()).isNull();
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
      assertThat(connection.trouble()).contains("max number of clients");
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
    assertThat(connection.trouble()).contains("Connection refused");
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
      assertThat(connection.trouble()).startsWith("Redis refuses writes since ").contains("OOM");

      operator.configSet("maxmemory", "0");

      await().atMost(LONG).until(() -> connection.trouble() == null);
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
      assertThat(connection.trouble()).startsWith("Redis refuses writes").contains("READONLY");
      operator.replicaofNoOne();
      await().atMost(LONG).until(() -> connection.trouble() == null);
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
      assertThat(connection.trouble()).contains("MASTERDOWN");
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

    await().atMost(LONG).until(() -> connection.trouble().contains("LOADING"));
    assertThat(failure(this::read)).isInstanceOf(RedisConnectionFailureException.class);
  }

  @Test
  void rejectedPasswordIsRetried() {
    OwnRedis redis = opened(OwnRedis.start());
    try (Jedis operator = redis.operator()) {
      operator.aclSetUser("cache", "on", ">other", "~*", "+@all");

      connect("redis://cache:s3cret@127.0.0.1:" + redis.port());

      assertThat(connection.trouble()).contains("WRONGPASS").doesNotContain("s3cret");
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

    assertThat(connection.trouble()).contains("NOAUTH");
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
    assertThat(connection.trouble()).isNull();
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
    assertThat(connection.trouble()).isNull();
  }

  /** The lines above INFO. */
  private List<String> warned() {
    return lines.seen().stream().filter(line -> !line.startsWith("INFO")).toList();
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
        .hasMessage(connection.trouble());
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
    assertThat(connection.trouble()).isNull();
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

  /** A cluster of one master. */
  private OwnRedis cluster(Path folder) {
    OwnRedis redis = null;
    for (int left = 10; redis == null; left--) {
      try {
        redis =
            OwnRedis.at(
                Service.freePort(),
                "cluster-enabled yes",
                "cluster-config-file " + folder.resolve("nodes.conf"));
      } catch (UncheckedIOException e) {
        // its second port, 10,000 above the first, may be taken or too high
        assertThat(left).as("tries").isPositive();
      }
    }
    opened(redis);
    try (Jedis operator = redis.operator()) {
      operator.clusterAddSlots(IntStream.range(0, 16_384).toArray());
      await().atMost(LONG).until(() -> operator.clusterInfo().contains("cluster_state:ok"));
    }
    return redis;
  }

  private static String role(OwnRedis server) {
    try (Jedis operator = server.operator()) {
      operator.auth("p@ss");
      return (String) operator.role().get(0);
    }
  }

  private record Replicated(OwnRedis master, OwnRedis replica, OwnRedis sentinel) {}

  /** A master, a replica and a sentinel with a password; the URL also names an absent sentinel. */
  private Replicated replicated() {
    String[] password = {"requirepass p@ss", "masterauth p@ss"};
    OwnRedis master = opened(OwnRedis.at(Service.freePort(), password));
    String follows = "replicaof 127.0.0.1 " + master.port();
    OwnRedis replica = opened(OwnRedis.at(Service.freePort(), password[0], password[1], follows));
    try (Jedis operator = replica.operator()) {
      operator.auth("p@ss");
      await().atMost(LONG).until(() -> operator.info("replication").contains("link_status:up"));
    }
    OwnRedis sentinel = opened(OwnRedis.sentinelOf(master, "p@ss"));
    try (Jedis operator = sentinel.operator()) {
      operator.auth("p@ss");
      await()
          .atMost(LONG)
          .until(
              () ->
                  operator.sentinelReplicas("mymaster").stream()
                      .anyMatch(each -> "ok".equals(each.get("master-link-status"))));
    }
    connect(
        "redis-sentinel://:p%%40ss@127.0.0.1:%d,127.0.0.1:%d/2?sentinelMasterId=mymaster"
            .formatted(Service.freePort(), sentinel.port()));
    assertThat(connection.trouble()).isNull();
    return new Replicated(master, replica, sentinel);
  }

  // helpers

  private void connect(String url) {
    connection =
        new RedisConnection(
            RedisAddress.of(url).orElse(null), new Meters(new SimpleMeterRegistry()));
    try {
      connection.start();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private <T extends AutoCloseable> T opened(T server) {
    open.add(server);
    return server;
  }

  private void awaitUp() {
    await().atMost(LONG).until(connection::isUp);
    // the log follows the state
    await().until(() -> logged("does not answer") == logged("answers again"));
  }

  private long logged(String text) {
    return lines.seen().stream().filter(line -> line.contains(text)).count();
  }

  private String read() {
    byte[] value = (byte[]) connection.opsForValue().get("k");
    return value == null ? null : new String(value, UTF_8);
  }

  private void write(String key, String value) {
    connection.opsForValue().set(key, value.getBytes(UTF_8));
  }

  /** The ids of the connections of the service. */
  private static Set<String> connections(Jedis operator) {
    String own = "id=" + operator.clientId();
    return operator
        .clientList()
        .lines()
        .map(line -> line.split(" ")[0])
        .filter(id -> !id.equals(own))
        .collect(Collectors.toSet());
  }

  private void awaitHeard(Queue<String> heard, String text) {
    await()
        .atMost(LONG)
        .until(
            () -> {
              connection.convertAndSend("news", text.getBytes(UTF_8));
              return heard.contains(text);
            });
  }

  private static void assertNoneWaited(List<Duration> waits) {
    assertThat(waits).allMatch(wait -> wait.toMillis() < 500);
  }

  private static Throwable failure(ThrowingCallable action) {
    return catchThrowable(action);
  }

  private static List<Duration> concurrently(int times, Runnable action) {
    return concurrently(times, any -> action.run());
  }

  /** Runs an action concurrently, and returns how long each run took. */
  private static List<Duration> concurrently(int times, IntConsumer action) {
    ExecutorService threads = Executors.newFixedThreadPool(times);
    try {
      return IntStream.range(0, times)
          .mapToObj(
              number ->
                  CompletableFuture.supplyAsync(
                          () -> {
                            long began = System.nanoTime();
                            action.accept(number);
                            return Duration.ofNanos(System.nanoTime() - began);
                          },
                          threads)
                      .orTimeout(LONG.toSeconds(), TimeUnit.SECONDS))
          .toList()
          .stream()
          .map(CompletableFuture::join)
          .toList();
    } finally {
      threads.shutdown();
    }
  }

  /** Replies to everything that it receives with this line. */
  private static void answer(ServerSocket server, String line) {
    Thread thread =
        new Thread(
            () -> {
              byte[] asked = new byte[4_096];
              while (!server.isClosed()) {
                try (Socket client = server.accept()) {
                  while (client.getInputStream().read(asked) > 0) {
                    client.getOutputStream().write(line.repeat(2).getBytes(UTF_8));
                  }
                } catch (IOException e) {
                  // accept the next connection
                }
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  /** All log lines from INFO up, including those of libraries. */
  private static final class Lines extends AppenderBase<ILoggingEvent> {

    private final Queue<String> seen = new ConcurrentLinkedQueue<>();

    @Override
    protected void append(ILoggingEvent event) {
      if (event.getLevel().isGreaterOrEqual(Level.INFO)) {
        seen.add(event.getLevel() + " " + event.getFormattedMessage());
      }
    }

    List<String> seen() {
      return List.copyOf(seen);
    }
  }
}
