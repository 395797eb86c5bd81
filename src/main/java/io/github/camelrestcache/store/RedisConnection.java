package io.github.camelrestcache.store;

import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.RedisAddress;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.RedisConnectionFailureException;
import org.springframework.data.redis.core.RedisCallback;
import org.springframework.data.redis.core.RedisTemplate;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.data.redis.listener.RedisMessageListenerContainer;
import org.springframework.data.redis.listener.adapter.RedisListenerExecutionFailedException;
import org.springframework.data.redis.serializer.RedisSerializer;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Redis as camel-spring-redis uses it: keys and field names are strings, values are bytes as they
 * are. Without {@code REDIS_URL} it starts a server of its own on loopback and ends it with the
 * app.
 *
 * <p>Redis may be away. Whoever notices first waits for less than a second; after that operations
 * fail at once with a {@link RedisConnectionFailureException}, until a probe in the background
 * finds that Redis answers. An operation whose connection is lost is tried once more on a new one,
 * so it may be carried out twice. The log says when Redis goes, when it is back, when it takes no
 * writes (it is full, or no master) and when it does again.
 */
public final class RedisConnection extends RedisTemplate<String, Object> {

  private static final Logger LOG = LoggerFactory.getLogger(RedisConnection.class);

  private static final String NOT_CONNECTED = "Redis is not connected";

  /** Milliseconds between two tries to hear again. */
  private static final long RECOVERY = 500;

  private final List<Runnable> returns = new CopyOnWriteArrayList<>();

  /** When the process ends, the embedded server may end first, which is no news. */
  private final Thread quiet = new Thread(this::hush);

  private AutoCloseable embedded;
  private volatile Liveness liveness;
  private volatile RedisConnections connections;
  private RedisMessageListenerContainer listeners;
  private final RedisAddress configured;
  private final MeterRegistry meters;

  /**
   * @param address where Redis is, or null for an embedded server
   */
  public RedisConnection(RedisAddress address, Meters meters) {
    configured = address;
    this.meters = meters.registry();
  }

  /** Connects. A server that does not answer yet is one warning in the log. */
  public void start() {
    RedisAddress address = configured == null ? startEmbedded() : configured;
    liveness = new Liveness(address.toString(), returns);
    Runtime.getRuntime().addShutdownHook(quiet);
    RedisConnections pool = new RedisConnections(address, liveness);
    pool.afterPropertiesSet();
    pool.start();
    connections = pool;
    setConnectionFactory(pool);
    setKeySerializer(RedisSerializer.string());
    setHashKeySerializer(RedisSerializer.string());
    setValueSerializer(RedisSerializer.byteArray());
    setHashValueSerializer(RedisSerializer.byteArray());
    afterPropertiesSet();
    listeners = listeners(pool);
    String reason = liveness.start(pool);
    if (reason != null) {
      LOG.warn(
          "Redis at {} does not answer ({}): starting without it, it is tried again until it does",
          address,
          reason);
    }
  }

  /** What hears Redis's messages, from when the routes have started or Redis is there. */
  private RedisMessageListenerContainer listeners(RedisConnections pool) {
    RedisMessageListenerContainer container = new Subscription(pool);
    container.setRecoveryInterval(RECOVERY);
    container.setErrorHandler(failure -> LOG.warn("A message in Redis was not taken", failure));
    container.afterPropertiesSet();
    returns.add(this::listen);
    return container;
  }

  /** What receives Redis's messages for the routes. */
  public RedisMessageListenerContainer listeners() {
    return listeners;
  }

  /** Starts to receive messages, in the background: the container waits for Redis. */
  public void listen() {
    CompletableFuture.runAsync(
        () -> {
          try {
            if (isUp()) {
              listeners.start();
            }
          } catch (RedisListenerExecutionFailedException e) {
            LOG.debug("Redis has just gone: it is listened to when it is back", e);
          }
        });
  }

  /** Closes the connections, and ends the embedded server. */
  public void stop() throws Exception {
    if (connections != null) {
      liveness.stop();
      forgetHook();
      listeners.stop();
      connections.destroy();
      connections = null;
    }
    if (embedded != null) {
      embedded.close();
      embedded = null;
    }
  }

  private void hush() {
    liveness.hush();
  }

  private void forgetHook() {
    try {
      Runtime.getRuntime().removeShutdownHook(quiet);
    } catch (IllegalStateException e) {
      LOG.debug("The process ends", e);
    }
  }

  /** Whether Redis answered when it was last asked; it may take no writes all the same. */
  public boolean isUp() {
    return connections != null && liveness.isUp();
  }

  /**
   * What is wrong with Redis, for people: that it does not answer, or takes no writes, with the
   * time and the reason. Null if nothing is known to be.
   */
  public String trouble() {
    return connections == null ? NOT_CONNECTED : liveness.trouble();
  }

  /**
   * Has something done each time that what was read from Redis, or heard from it, may be out of
   * date: it answers after an outage, also after one in which this process started, or another
   * server has become the master. It is done on the probe's thread, so it should be short; what it
   * throws is logged.
   */
  public void onReturn(Runnable listener) {
    returns.add(listener);
  }

  @Override
  public <T> T execute(RedisCallback<T> action, boolean exposeConnection, boolean pipeline) {
    RedisConnections pool = connections;
    if (pool == null) {
      throw new RedisConnectionFailureException(NOT_CONNECTED);
    }
    // a session is bound to its connection
    boolean repeatable = !TransactionSynchronizationManager.hasResource(pool);
    for (boolean first = true; ; first = false) {
      int outages = liveness.outages();
      long began = System.nanoTime();
      try {
        T answer = super.execute(action, exposeConnection, pipeline);
        meter(true, began);
        return answer;
      } catch (DataAccessException e) {
        meter(false, began);
        if (!liveness.again(outages, e, first, repeatable)) {
          throw e;
        }
      }
    }
  }

  /** Runs a script on one key; arguments are sent as texts. */
  public <T> T run(RedisScript<T> script, String key, Object... arguments) {
    Object[] texts = new Object[arguments.length];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = arguments[i].toString().getBytes(StandardCharsets.UTF_8);
    }
    return execute(script, List.of(key), texts);
  }

  private void meter(boolean answered, long began) {
    Timer.builder("restcache.redis")
        .description("Commands to Redis")
        .tag("outcome", answered ? "answered" : "failed")
        .register(meters)
        .record(System.nanoTime() - began, TimeUnit.NANOSECONDS);
  }

  private RedisAddress startEmbedded() {
    try {
      EmbeddedRedis server = EmbeddedRedis.start();
      embedded = server;
      LOG.info("REDIS_URL is not set: started an embedded Redis at {}", server.url());
      return RedisAddress.of(server.url()).orElseThrow();
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
}
