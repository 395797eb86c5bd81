package io.github.camelrestcache.store;

import java.io.IOException;
import java.net.ServerSocket;
import redis.embedded.RedisServer;

/** A child process with redis-server, on loopback and a free port, without persistence. */
record EmbeddedRedis(RedisServer server, int port) implements AutoCloseable {

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
            // evicts forwarded answers, but neither endpoints nor views
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
