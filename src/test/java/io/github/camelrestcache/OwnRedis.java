package io.github.camelrestcache;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import redis.clients.jedis.Jedis;
import redis.embedded.RedisInstance;
import redis.embedded.RedisSentinel;
import redis.embedded.RedisServer;
import redis.embedded.core.RedisServerBuilder;

/** A Redis of its own for a test, for several services or for outages. */
public final class OwnRedis implements AutoCloseable {

  private final RedisInstance server;
  private final int port;
  private final ProcessHandle process;

  private OwnRedis(RedisInstance server, int port) {
    this.server = server;
    this.port = port;
    try {
      Set<ProcessHandle> before = ProcessHandle.current().children().collect(Collectors.toSet());
      server.start();
      process =
          ProcessHandle.current()
              .children()
              .filter(child -> !before.contains(child))
              .findFirst()
              .orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static OwnRedis start() {
    return at(Service.freePort());
  }

  /** Starts a Redis with these additional lines of configuration. */
  public static OwnRedis at(int port, String... settings) {
    RedisServerBuilder server =
        RedisServer.newRedisServer()
            .port(port)
            .bind("127.0.0.1")
            .setting("save \"\"")
            .setting("appendonly no");
    List.of(settings).forEach(server::setting);
    try {
      return new OwnRedis(server.build(), port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Starts a sentinel with quorum 1 for this master, under the name {@code mymaster}.
   *
   * @param password of the servers and of the sentinel
   */
  public static OwnRedis sentinelOf(OwnRedis master, String password) {
    int port = Service.freePort();
    RedisSentinel sentinel =
        RedisSentinel.newRedisSentinel()
            .port(port)
            .bind("127.0.0.1")
            .setting("requirepass " + password)
            .build();
    OwnRedis started = new OwnRedis(sentinel, port);
    try (Jedis operator = started.operator()) {
      operator.auth(password);
      // in its file, auth-pass could not be placed after the monitor line
      operator.sentinelMonitor("mymaster", "127.0.0.1", master.port, 1);
      operator.sentinelSet(
          "mymaster",
          Map.of(
              "auth-pass", password, "down-after-milliseconds", "500", "failover-timeout", "2000"));
    }
    return started;
  }

  public int port() {
    return port;
  }

  public String url() {
    return "redis://127.0.0.1:" + port;
  }

  /** A connection without a password, for commands of an operator. */
  public Jedis operator() {
    return new Jedis("127.0.0.1", port);
  }

  /** Makes it hang: it keeps listening but does not reply (SIGSTOP). */
  public void hang() {
    signal("STOP");
  }

  public void goOn() {
    signal("CONT");
  }

  /** Kills it, like a crash. */
  public void crash() {
    process.destroyForcibly();
    process.onExit().join();
  }

  private void signal(String name) {
    try {
      int status =
          new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
      if (status != 0) {
        throw new IllegalStateException("kill ended with status " + status);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Stops it; nothing is persisted. */
  @Override
  public void close() {
    goOnIfAlive();
    try {
      server.stop();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void goOnIfAlive() {
    if (process.isAlive()) {
      goOn();
    }
  }
}
