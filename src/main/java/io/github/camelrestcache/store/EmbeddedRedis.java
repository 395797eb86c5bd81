package io.github.camelrestcache.store;

import java.io.IOException;
import java.net.ServerSocket;
import redis.embedded.RedisServer;

/** A redis-server of this process, on loopback and a free port, that keeps nothing on disk. */
final class EmbeddedRedis implements AutoCloseable {

  private final RedisServer server;
  private final int port;

  private EmbeddedRedis(RedisServer server, int port) {
    this.server = server;
    this.port = port;
  }

  /**
   * A constructor without arguments would be called by Camel JBang, for a bean that it takes this
   * to be.
   */
  static EmbeddedRedis start() throws IOException {
    int port;
    try (ServerSocket probe = new ServerSocket(0)) {
      port = probe.getLocalPort();
    }
    RedisServer server =
        RedisServer.newRedisServer()
            .port(port)
            .bind("127.0.0.1")
            .setting("save \"\"")
            .setting("appendonly no")
            // forwarded answers make room for each other; endpoints and views stay
            .setting("maxmemory 512mb")
            .setting("maxmemory-policy volatile-lru")
            .build();
    server.start();
    return new EmbeddedRedis(server, port);
  }

  String url() {
    return "redis://127.0.0.1:" + port;
  }

  @Override
  public void close() throws IOException {
    server.stop();
  }
}
