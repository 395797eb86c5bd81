package io.github.camelrestcache.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.github.camelrestcache.OwnRedis;
import io.github.camelrestcache.Service;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.RedisAddress;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
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
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.Jedis;

/** A connection to a real Redis, which a test pauses, restarts, refuses or moves. */
abstract class ConnectedRedis {
  static final Duration LONG = Duration.ofSeconds(20);
  static final int CALLERS = 80;
  final List<AutoCloseable> open = new ArrayList<>();
  final Lines lines = new Lines();
  RedisConnection connection;

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

  /** The lines above INFO. */
  List<String> warned() {
    return lines.seen().stream().filter(line -> !line.startsWith("INFO")).toList();
  }

  /** A cluster of one master. */
  OwnRedis cluster(Path folder) {
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

  static String role(OwnRedis server) {
    try (Jedis operator = server.operator()) {
      operator.auth("p@ss");
      return (String) operator.role().get(0);
    }
  }

  record Replicated(OwnRedis master, OwnRedis replica, OwnRedis sentinel) {}

  /** A master, a replica and a sentinel with a password; the URL also names an absent sentinel. */
  Replicated replicated() {
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
    assertThat(connection.failure()).isNull();
    return new Replicated(master, replica, sentinel);
  }

  void connect(String url) {
    connection =
        new RedisConnection(
            RedisAddress.of(url).orElse(null), new Meters(new SimpleMeterRegistry()));
    try {
      connection.start();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  <T extends AutoCloseable> T opened(T server) {
    open.add(server);
    return server;
  }

  void awaitUp() {
    await().atMost(LONG).until(connection::isUp);
    // the log follows the state
    await().until(() -> logged("does not answer") == logged("answers again"));
  }

  long logged(String text) {
    return lines.seen().stream().filter(line -> line.contains(text)).count();
  }

  String read() {
    byte[] value = (byte[]) connection.opsForValue().get("k");
    return value == null ? null : new String(value, UTF_8);
  }

  void write(String key, String value) {
    connection.opsForValue().set(key, value.getBytes(UTF_8));
  }

  /** The ids of the connections of the service. */
  static Set<String> connections(Jedis operator) {
    String own = "id=" + operator.clientId();
    return operator
        .clientList()
        .lines()
        .map(line -> line.split(" ")[0])
        .filter(id -> !id.equals(own))
        .collect(Collectors.toSet());
  }

  void awaitHeard(Queue<String> heard, String text) {
    await()
        .atMost(LONG)
        .until(
            () -> {
              connection.convertAndSend("news", text.getBytes(UTF_8));
              return heard.contains(text);
            });
  }

  static void assertNoneWaited(List<Duration> waits) {
    assertThat(waits).allMatch(wait -> wait.toMillis() < 500);
  }

  static Throwable failure(ThrowingCallable action) {
    return catchThrowable(action);
  }

  static List<Duration> concurrently(int times, Runnable action) {
    return concurrently(times, any -> action.run());
  }

  /** Runs an action concurrently, and returns how long each run took. */
  static List<Duration> concurrently(int times, IntConsumer action) {
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
  static void answer(ServerSocket server, String line) {
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
  static final class Lines extends AppenderBase<ILoggingEvent> {

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
