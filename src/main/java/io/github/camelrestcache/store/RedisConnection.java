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
 * Redis as camel-spring-redis uses it: keys and field names are strings, values are raw bytes.
 * Without {@code REDIS_URL} it starts an embedded server on loopback, which ends with the app.
 *
 * <p>If Redis goes away, the first operations fail in less than a second. Later ones fail at once
 * with a {@link RedisConnectionFailureException} until a background probe finds that Redis answers.
 * An operation that loses its connection is retried once, so it may run twice. The log tells when
 * an outage begins and ends, and when Redis refuses writes (it is full, or not a master) and
 * accepts them again.
 */
public final class RedisConnection extends RedisTemplate<String, Object> {

  private static final Logger LOG = LoggerFactory.getLogger(RedisConnection.class);

  private static final String NOT_CONNECTED = "Redis is not connected";

  /** Milliseconds between two attempts to subscribe. */
  private static final long RECOVERY = 500;

  private final List<Runnable> returns = new CopyOnWriteArrayList<>();

  /** Stops logging at shutdown, when the embedded server may end first. */
  private final Thread quiet = new Thread(this::hush);

  private AutoCloseable embedded;
  private volatile Liveness liveness;
  private volatile RedisConnections connections;
  private RedisMessageListenerContainer listeners;
  private final RedisAddress configured;
  private final MeterRegistry meters;

  /**
   * @param address null for an embedded server
   */
  public RedisConnection(RedisAddress address, Meters meters) {
    configured = address;
    this.meters = meters.registry();
  }

  /** Connects. If Redis does not answer yet, logs one warning. */
  public void start() {
    if (connections != null) {
      return;
    }
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
          "Redis at {} does not answer ({}): starting without it and retrying", address, reason);
    }
  }

  /** Receives messages once the routes have started or Redis is back. */
  private RedisMessageListenerContainer listeners(RedisConnections pool) {
    RedisMessageListenerContainer container = new Subscription(pool);
    container.setRecoveryInterval(RECOVERY);
    container.setErrorHandler(failure -> LOG.warn("Failed to handle a Redis message", failure));
    container.afterPropertiesSet();
    returns.add(this::listen);
    return container;
  }

  /** Receives Redis messages for the routes. */
  public RedisMessageListenerContainer listeners() {
    return listeners;
  }

  /** Subscribes in the background, because the container waits for Redis. */
  public void listen() {
    CompletableFuture.runAsync(
        () -> {
          try {
            if (isUp()) {
              listeners.start();
            }
          } catch (RedisListenerExecutionFailedException e) {
            LOG.debug("Redis is gone: subscribing when it is back", e);
          }
        });
  }

  /** Closes the connections and stops the embedded server. */
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
      LOG.debug("The process is shutting down", e);
    }
  }

  /** Whether Redis answered last; it may still refuse writes. */
  public boolean isUp() {
    return connections != null && liveness.isUp();
  }

  /**
   * What is wrong with Redis, for people: no answer or refused writes, with the time and the
   * reason. Null if nothing is known to be wrong.
   */
  public String trouble() {
    return connections == null ? NOT_CONNECTED : liveness.trouble();
  }

  /**
   * Adds a task to run whenever data or messages from Redis may be out of date: after an outage,
   * including one at the start, and after a change of master. It runs on the thread of the probe
   * and must be short; exceptions are logged.
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

  /** Runs a script on one key; arguments are sent as text. */
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
