package io.github.camelrestcache;

import java.io.IOException;
import java.io.UncheckedIOException;
import redis.embedded.RedisServer;

/** A Redis for tests in which more than one service uses it, or in which it ends. */
final class OwnRedis implements AutoCloseable {

  private final RedisServer server;
  private final int port;

  private OwnRedis(RedisServer server, int port) {
    this.server = server;
    this.port = port;
  }

  static OwnRedis start() {
    return at(Service.freePort());
  }

  static OwnRedis at(int port) {
    try {
      RedisServer server =
          RedisServer.newRedisServer()
              .port(port)
              .bind("127.0.0.1")
              .setting("save \"\"")
              .setting("appendonly no")
              .build();
      server.start();
      return new OwnRedis(server, port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String url() {
    return "redis://127.0.0.1:" + port;
  }

  /** Ends it; nothing is kept. */
  @Override
  public void close() {
    try {
      server.stop();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
