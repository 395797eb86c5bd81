package io.github.camelrestcache.store;

import io.github.camelrestcache.base.BadConfiguration;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.embedded.RedisServer;
import redis.embedded.core.PortProvider;

/** A child process with redis-server, on loopback and a free port, without persistence. */
record EmbeddedRedis(RedisServer server) implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(RedisConnection.class);

  /**
   * @throws BadConfiguration if it cannot start here, or the build lacks it
   */
  static EmbeddedRedis start() {
    try {
      RedisServer server =
          RedisServer.newRedisServer()
              .port(PortProvider.newEphemeralPortProvider().get())
              .bind("127.0.0.1")
              .setting("save \"\"")
              .setting("appendonly no")
              // evicts forwarded answers, but neither endpoints nor views
              .setting("maxmemory 512mb")
              .setting("maxmemory-policy volatile-lru")
              .build();
      server.start();
      EmbeddedRedis started = new EmbeddedRedis(server);
      LOG.info("REDIS_URL is not set: started an embedded Redis at {}", started.url());
      return started;
    } catch (NoClassDefFoundError e) {
      throw new BadConfiguration(
          "REDIS_URL is not set, and this build has no embedded Redis: set REDIS_URL");
    } catch (IOException | RuntimeException e) {
      LOG.debug("The embedded Redis cannot start", e);
      throw new BadConfiguration(
          "REDIS_URL is not set and the embedded Redis cannot start (%s: %s): set REDIS_URL, or"
                  .formatted(e.getClass().getSimpleName(), BadConfiguration.sentence(e))
              + " provide glibc, OpenSSL 3 and a temp folder (java.io.tmpdir, now %s) that is"
                  .formatted(System.getProperty("java.io.tmpdir"))
              + " writable and not mounted noexec");
    }
  }

  String url() {
    return "redis://127.0.0.1:" + server.ports().get(0);
  }

  @Override
  public void close() throws IOException {
    server.stop();
  }
}
