package io.github.camelrestcache.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.RedisAddress;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.InvalidDataAccessApiUsageException;
import org.springframework.data.redis.RedisConnectionFailureException;
import org.springframework.data.redis.RedisSystemException;
import org.springframework.data.redis.connection.lettuce.LettuceExceptionConverter;
import org.springframework.data.redis.core.RedisCallback;
import org.springframework.data.redis.core.RedisTemplate;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.data.redis.listener.RedisMessageListenerContainer;
import org.springframework.data.redis.serializer.RedisSerializer;

/**
 * Redis as camel-spring-redis uses it: keys and field names are strings, values are raw bytes, and
 * a value of another type is sent as text. Without {@code REDIS_URL} it starts an embedded server
 * on loopback, which ends with the app.
 *
 * <p>If Redis goes away, the first operations fail in less than a second. Later ones fail at once
 * with a {@link RedisConnectionFailureException} until a background probe finds that Redis answers.
 * An operation that loses its connection is repeated, so every operation must be idempotent. The
 * log tells when an outage begins and ends, and when Redis refuses writes (it is full, or not a
 * master) and accepts them again. An error that Redis answers is an {@link
 * InvalidDataAccessApiUsageException} with its text.
 */
public final class RedisConnection extends RedisTemplate<String, Object> {

  private static final RedisSerializer<Object> VALUES =
      new RedisSerializer<>() {
        @Override
        public byte[] serialize(Object value) {
          return value instanceof byte[] bytes ? bytes : value.toString().getBytes(UTF_8);
        }

        @Override
        public Object deserialize(byte[] bytes) {
          return bytes;
        }
      };

  private final RedisAddress address;
  private final EmbeddedRedis embedded;
  private final Liveness liveness;
  private final RedisConnections connections;
  private final RedisMessageListenerContainer listeners;
  private final Timer answered;
  private final Timer failed;

  /** The commands of the connection that was used last; they fail if it is closed. */
  private volatile RedisClusterAsyncCommands<byte[], byte[]> latest;

  /**
   * Starts the embedded server, but does not connect yet.
   *
   * @param address null for an embedded server
   */
  public RedisConnection(RedisAddress address, Meters meters) {
    answered = timer(meters.registry(), "answered");
    failed = timer(meters.registry(), "failed");
    embedded = address == null ? EmbeddedRedis.start() : null;
    this.address = address == null ? RedisAddress.of(embedded.url()).orElseThrow() : address;
    liveness = new Liveness(this.address.toString());
    connections = new RedisConnections(this.address, liveness);
    listeners = new Subscription(connections);
    setConnectionFactory(connections);
    setKeySerializer(RedisSerializer.string());
    setHashKeySerializer(RedisSerializer.string());
    setValueSerializer(VALUES);
    setHashValueSerializer(VALUES);
    afterPropertiesSet();
  }

  /**
   * Connects. If Redis does not answer yet, logs one warning.
   *
   * @throws BadConfiguration if the server belongs to a cluster and the URL does not say so
   */
  public void start() {
    if (!address.cluster() && connections.probe().isOfCluster()) {
      throw new BadConfiguration(
          "REDIS_URL names %s, which belongs to a Redis Cluster: write redis-cluster:// or"
                  .formatted(address)
              + " rediss-cluster://");
    }
    liveness.start(connections, this::listen);
  }

  /** Receives Redis messages for the routes. */
  public RedisMessageListenerContainer listeners() {
    return listeners;
  }

  /** Subscribes in the background, because the container waits for Redis. */
  public void listen() {
    if (isUp() && !listeners.isListening()) {
      CompletableFuture.runAsync(
          () -> {
            listeners.stop(); // a failed start counts as one
            listeners.start();
          });
    }
  }

  /** Closes the connections and stops the embedded server. */
  public void stop() throws Exception {
    liveness.stop();
    listeners.stop();
    connections.destroy();
    if (embedded != null) {
      embedded.close();
    }
  }

  /** Whether Redis answered last; it may still refuse writes. */
  public boolean isUp() {
    return liveness.isUp();
  }

  /**
   * What is wrong with Redis, for people: no answer or refused writes, with the time and the
   * reason. Null if nothing is known to be wrong.
   */
  public String failure() {
    return liveness.failure();
  }

  @Override
  public <T> T execute(RedisCallback<T> action, boolean exposeConnection, boolean pipeline) {
    for (int tries = 1; ; tries++) {
      liveness.check();
      int resets = liveness.resets();
      long since = System.nanoTime();
      try {
        T answer = super.execute(action, exposeConnection, pipeline);
        answered.record(System.nanoTime() - since, TimeUnit.NANOSECONDS);
        return answer;
      } catch (DataAccessException e) {
        failed.record(System.nanoTime() - since, TimeUnit.NANOSECONDS);
        if (!liveness.again(e, tries, resets)) {
          throw e.getRootCause() instanceof RedisCommandExecutionException answer
              ? new InvalidDataAccessApiUsageException(answer.getMessage(), e)
              : e;
        }
      }
    }
  }

  /** Runs a script on one key. */
  public <T> T run(RedisScript<T> script, String key, Object... arguments) {
    return execute(script, List.of(key), arguments);
  }

  /** A command that is sent before the answers to others have come. */
  public interface Command
      extends Function<RedisClusterAsyncCommands<byte[], byte[]>, RedisFuture<?>> {}

  /**
   * Sends commands in one round trip. Spring's pipelines would open a connection for each.
   *
   * @return the answers in order, which are null or have Lettuce's types
   */
  @SuppressWarnings("unchecked")
  public List<Object> together(Command... commands) {
    return execute(
        (RedisCallback<List<Object>>)
            connection -> {
              var lettuce =
                  (RedisClusterAsyncCommands<byte[], byte[]>) connection.getNativeConnection();
              latest = lettuce;
              try {
                return answers(lettuce, commands).get();
              } catch (ExecutionException e) {
                throw failure(e.getCause());
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw failure(e);
              }
            });
  }

  /**
   * Sends commands as {@link #together} does, but never blocks, connects or repeats.
   *
   * @return the answers in order, or null if that failed: then {@link #together} may succeed
   */
  public CompletionStage<List<Object>> send(Command... commands) {
    if (latest == null || !isUp()) {
      return CompletableFuture.completedStage(null);
    }
    int resets = liveness.resets();
    long since = System.nanoTime();
    return answers(latest, commands)
        .whenComplete(
            (values, failure) ->
                (failure == null ? answered : failed)
                    .record(System.nanoTime() - since, TimeUnit.NANOSECONDS))
        .exceptionallyCompose(
            failure -> {
              DataAccessException known = failure(failure.getCause());
              return !isUp() || RedisFailure.isLost(known) || !RedisFailure.isOutage(known)
                  ? CompletableFuture.completedStage(null)
                  : CompletableFuture.supplyAsync( // the probe may hold the lock of liveness
                      () -> {
                        liveness.again(known, 1, resets);
                        return null;
                      });
            });
  }

  private static CompletableFuture<List<Object>> answers(
      RedisClusterAsyncCommands<byte[], byte[]> lettuce, Command... commands) {
    CompletableFuture<?>[] answers = new CompletableFuture<?>[commands.length];
    try {
      for (int i = 0; i < commands.length; i++) {
        answers[i] = commands[i].apply(lettuce).toCompletableFuture();
      }
    } catch (RedisException e) { // the connection is closed
      return CompletableFuture.failedFuture(e);
    }
    return CompletableFuture.allOf(answers)
        .thenApply(all -> Stream.of(answers).<Object>map(CompletableFuture::join).toList());
  }

  private static Timer timer(MeterRegistry meters, String outcome) {
    return Timer.builder("restcache.redis")
        .description("Commands to Redis")
        .tag("outcome", outcome)
        .register(meters);
  }

  private static DataAccessException failure(Throwable cause) {
    DataAccessException known = new LettuceExceptionConverter().convert((Exception) cause);
    return known == null ? new RedisSystemException("Redis failed", cause) : known;
  }

  /** Repeats an operation once if the value of its key has another type: that is deleted. */
  public <T> T replacing(String key, Supplier<T> operation) {
    try {
      return operation.get();
    } catch (InvalidDataAccessApiUsageException e) {
      if (!e.getMessage().contains("WRONGTYPE")) {
        throw e;
      }
      delete(key); // not written by this service
      return operation.get();
    }
  }
}
