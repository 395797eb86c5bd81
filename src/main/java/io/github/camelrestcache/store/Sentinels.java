package io.github.camelrestcache.store;

import io.github.camelrestcache.base.RedisAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;

/**
 * The sentinels of a Redis, which know the current master. The one that answered last is asked
 * first. The credentials are those of the servers; a sentinel gets them only if it requires some.
 */
final class Sentinels {

  private static final int TIMEOUT = 300; // milliseconds; other sentinels can be asked

  private final RedisAddress address;
  private final Deque<HostAndPort> order;
  private volatile HostAndPort last;

  Sentinels(RedisAddress address) {
    this.address = address;
    this.order = new ArrayDeque<>(address.hosts().stream().map(RedisConnections::host).toList());
  }

  /**
   * The master, or the last known one while no sentinel answers.
   *
   * @throws JedisConnectionException if none is known yet
   */
  HostAndPort master() {
    JedisException why = null;
    for (HostAndPort sentinel : inOrder()) {
      try {
        List<String> found = ask(sentinel);
        if (found != null) {
          last = new HostAndPort(found.get(0), Integer.parseInt(found.get(1)));
          return last;
        }
        why =
            new JedisDataException(
                "The sentinel does not know the master '" + address.master() + "'");
      } catch (JedisException e) {
        why = e;
      }
      doubt(sentinel);
    }
    if (last == null) {
      throw new JedisConnectionException("No sentinel names the master", why);
    }
    return last;
  }

  /** Asks another one first the next time: this answer did not help. */
  void doubt() {
    doubt(inOrder().get(0));
  }

  private void doubt(HostAndPort sentinel) {
    synchronized (order) {
      if (sentinel.equals(order.peekFirst())) {
        order.addLast(order.removeFirst());
      }
    }
  }

  private List<HostAndPort> inOrder() {
    synchronized (order) {
      return new ArrayList<>(order);
    }
  }

  private List<String> ask(HostAndPort sentinel) {
    try {
      return ask(sentinel, null, null);
    } catch (JedisDataException e) {
      if (address.password() == null || !e.getMessage().startsWith("NOAUTH")) {
        throw e;
      }
      return ask(sentinel, address.user(), address.password());
    }
  }

  private List<String> ask(HostAndPort sentinel, String user, String password) {
    JedisClientConfig config =
        DefaultJedisClientConfig.builder()
            .connectionTimeoutMillis(TIMEOUT)
            .socketTimeoutMillis(TIMEOUT)
            .user(user)
            .password(password)
            .build();
    try (Jedis connection = new Jedis(sentinel, config)) {
      return connection.sentinelGetMasterAddrByName(address.master());
    }
  }
}
