package io.github.camelrestcache.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.LettuceFutures;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.codec.ByteArrayCodec;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.function.Supplier;

/**
 * Checks whether Redis answers, on a dedicated connection, because a large value may occupy the
 * shared one. Methods throw an exception with the reason if Redis cannot be used.
 */
final class Probe {

  private static final byte[] KEY = "camel-rest-cache:probe".getBytes(UTF_8);

  private final Supplier<AbstractRedisClient> client;
  private final Duration timeout;
  private volatile StatefulConnection<byte[], byte[]> connection;

  Probe(Supplier<AbstractRedisClient> client, Duration timeout) {
    this.client = client;
    this.timeout = timeout;
  }

  /** Sends a read, in a cluster to all masters. */
  void read() {
    // not a PING: some servers answer that and refuse everything else
    if (connection() instanceof StatefulRedisClusterConnection<byte[], byte[]> cluster) {
      await(cluster.async().nodes(Probe::isInUse).commands().dbsize().futures());
      if (text(cluster.async().clusterInfo()).contains("cluster_state:fail")) {
        throw new RedisCommandExecutionException("CLUSTERDOWN The cluster is down");
      }
    } else {
      await(commands().dbsize());
    }
  }

  private static boolean isInUse(RedisClusterNode node) {
    return node.is(RedisClusterNode.NodeFlag.UPSTREAM) && !node.getSlots().isEmpty();
  }

  /** Sends a write. */
  void write() {
    await(commands().psetex(KEY, 1, new byte[0]));
  }

  /** Whether the server belongs to a Redis Cluster, as far as the user may know. */
  boolean isOfCluster() {
    try {
      return text(commands().info("cluster")).contains("cluster_enabled:1");
    } catch (RuntimeException e) {
      return false;
    }
  }

  /** The answer, or an empty text if the user may not know it. */
  private String text(RedisFuture<String> answer) {
    await(answer);
    return answer.toCompletableFuture().exceptionally(e -> "").getNow("");
  }

  /** Closes the connection. */
  void reset() {
    var open = connection;
    if (open != null) {
      connection = null;
      open.closeAsync();
    }
  }

  private RedisClusterAsyncCommands<byte[], byte[]> commands() {
    var open = connection();
    return open instanceof StatefulRedisClusterConnection<byte[], byte[]> cluster
        ? cluster.async()
        : ((StatefulRedisConnection<byte[], byte[]>) open).async();
  }

  /** The connection, or a new one if it is lost: that tells at once why Redis cannot be reached. */
  private StatefulConnection<byte[], byte[]> connection() {
    var open = connection;
    if (open == null || !open.isOpen()) {
      reset();
      open =
          client.get() instanceof RedisClusterClient cluster
              ? cluster.connect(ByteArrayCodec.INSTANCE)
              : ((RedisClient) client.get()).connect(ByteArrayCodec.INSTANCE);
      connection = open;
    }
    return open;
  }

  private void await(Future<?>... answers) {
    try {
      if (!LettuceFutures.awaitAll(timeout, answers)) {
        throw new RedisCommandTimeoutException("No answer in " + timeout.toMillis() + " ms");
      }
    } catch (RedisCommandExecutionException e) {
      // Redis answers, even if the user may not use the command or the key
      if (RedisFailure.isTrouble(e)) {
        throw e;
      }
    }
  }
}
