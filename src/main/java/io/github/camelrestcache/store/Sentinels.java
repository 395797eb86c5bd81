package io.github.camelrestcache.store;

import io.github.camelrestcache.base.RedisAddress;
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
  private volatile int first;
  private volatile HostAndPort last;

  Sentinels(RedisAddress address) {
    this.address = address;
  }

  /**
   * The master, or the last known one while no sentinel answers. Without sentinels, the server.
   *
   * @throws JedisConnectionException if none is known yet
   */
  HostAndPort master() {
    if (address.master() == null) {
      return host(0);
    }
    JedisException why = null;
    int count = address.hosts().size();
    int begin = first;
    for (int i = begin; i < begin + count; i++) {
      try {
        last = ask(host(i % count));
        first = i % count;
        return last;
      } catch (JedisException e) {
        why = e;
      }
    }
    if (last == null) {
      throw new JedisConnectionException("No sentinel names the master", why);
    }
    return last;
  }

  /** Asks another one first the next time: this answer did not help. */
  void doubt() {
    first = (first + 1) % address.hosts().size();
  }

  private HostAndPort host(int index) {
    RedisAddress.Host host = address.hosts().get(index);
    return new HostAndPort(host.name(), host.port());
  }

  private HostAndPort ask(HostAndPort sentinel) {
    try {
      return ask(sentinel, null, null);
    } catch (JedisDataException e) {
      if (address.password() == null || !e.getMessage().startsWith("NOAUTH")) {
        throw e;
      }
      return ask(sentinel, address.user(), address.password());
    }
  }

  private HostAndPort ask(HostAndPort sentinel, String user, String password) {
    JedisClientConfig config =
        DefaultJedisClientConfig.builder()
            .connectionTimeoutMillis(TIMEOUT)
            .socketTimeoutMillis(TIMEOUT)
            .user(user)
            .password(password)
            .build();
    try (Jedis connection = new Jedis(sentinel, config)) {
      List<String> found = connection.sentinelGetMasterAddrByName(address.master());
      if (found == null) {
        throw new JedisDataException(
            "The sentinel does not know the master '" + address.master() + "'");
      }
      return new HostAndPort(found.get(0), Integer.parseInt(found.get(1)));
    }
  }
}
