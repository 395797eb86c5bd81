package io.github.camelrestcache.store;

import io.github.camelrestcache.base.RedisAddress;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import javax.net.ssl.SSLParameters;
import org.apache.commons.pool2.PooledObject;
import org.apache.commons.pool2.impl.DefaultPooledObject;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.jedis.JedisConnectionFactory;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.DefaultJedisSocketFactory;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.JedisFactory;
import redis.clients.jedis.JedisPool;
import redis.clients.jedis.JedisPoolConfig;
import redis.clients.jedis.JedisSocketFactory;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.SetParams;
import redis.clients.jedis.util.Pool;

/**
 * A pool of connections to Redis. Each leads to the server that is the master when it is opened.
 * None is available while Redis does not answer.
 */
@SuppressWarnings("deprecation") // Spring Data expects these types of Jedis
final class RedisConnections extends JedisConnectionFactory {

  // in milliseconds
  private static final int CONNECT_TIMEOUT = 500;
  private static final int READ_TIMEOUT = 700; // without any byte, also within a large value

  private static final String PROBE = "camel-rest-cache:probe";

  private final Liveness liveness;
  private final Sentinels sentinels;
  private final JedisClientConfig config;
  private final Set<Jedis> open = ConcurrentHashMap.newKeySet();
  private JedisPool pool;
  private HostAndPort probed;

  RedisConnections(RedisAddress address, Liveness liveness) {
    super(database(address));
    this.liveness = liveness;
    this.sentinels = new Sentinels(address);
    this.config = config(address);
    afterPropertiesSet();
  }

  private static RedisStandaloneConfiguration database(RedisAddress address) {
    RedisStandaloneConfiguration database = new RedisStandaloneConfiguration();
    database.setDatabase(address.database());
    return database;
  }

  private static JedisClientConfig config(RedisAddress address) {
    SSLParameters verified = new SSLParameters();
    // Jedis does not check the host name otherwise
    verified.setEndpointIdentificationAlgorithm("HTTPS");
    return DefaultJedisClientConfig.builder()
        .connectionTimeoutMillis(CONNECT_TIMEOUT)
        .socketTimeoutMillis(READ_TIMEOUT)
        .user(address.user())
        .password(address.password())
        .database(address.database())
        .ssl(address.tls())
        .sslParameters(verified)
        .build();
  }

  @Override
  protected Pool<Jedis> createRedisPool() {
    // closes connections that have been idle for a minute, before a firewall drops them
    JedisPoolConfig size = new JedisPoolConfig();
    // one for each thread that uses Redis, so that none waits
    size.setMaxTotal(-1);
    size.setMaxIdle(-1);
    // would send a PING, which a user may not be allowed to
    size.setTestWhileIdle(false);
    // JMX delays the start
    size.setJmxEnabled(false);
    JedisSocketFactory sockets =
        () -> new DefaultJedisSocketFactory(sentinels.master(), config).createSocket();
    pool =
        new JedisPool(
            size,
            new JedisFactory(sockets, config) {
              @Override
              public PooledObject<Jedis> makeObject() {
                Jedis connection = new Jedis(once(sockets), config);
                open.removeIf(Jedis::isBroken);
                open.add(connection);
                return new DefaultPooledObject<>(connection);
              }
            });
    return pool;
  }

  /** Jedis would replace a closed socket by a new one, without authentication and in database 0. */
  private static JedisSocketFactory once(JedisSocketFactory sockets) {
    AtomicBoolean opened = new AtomicBoolean();
    return () -> {
      if (opened.getAndSet(true)) {
        throw new JedisConnectionException("The connection was closed");
      }
      return sockets.createSocket();
    };
  }

  /** Returns a connection; fails at once while Redis does not answer. */
  @Override
  public org.springframework.data.redis.connection.RedisConnection getConnection() {
    liveness.check();
    return super.getConnection();
  }

  /**
   * Sends a read.
   *
   * @return whether another server has become the master
   * @throws RuntimeException with the reason why Redis cannot be used
   */
  boolean probe() {
    try {
      return probeOnce();
    } catch (JedisConnectionException e) {
      if (Liveness.isTimeout(e)) {
        throw e;
      }
      // after a restart or a cut, the pooled connections are dead too
      renew();
      return probeOnce();
    }
  }

  private boolean probeOnce() {
    HostAndPort server = sentinels.master();
    boolean moved = probed != null && !server.equals(probed);
    if (moved) {
      end();
    }
    try {
      // not a PING: some servers answer that and refuse everything else
      send(connection -> connection.exists(PROBE));
      probed = server;
      return moved;
    } catch (RuntimeException e) {
      sentinels.doubt();
      throw e;
    }
  }

  /** Sends a write. */
  void probeWrite() {
    send(connection -> connection.set(PROBE, "", SetParams.setParams().px(1)));
  }

  private void send(Consumer<Jedis> command) {
    pool.withResource(
        connection -> {
          try {
            command.accept(connection);
          } catch (JedisDataException e) {
            // Redis answers, even if the user may not access the key of the probe
            if (!e.getMessage().startsWith("NOPERM")) {
              throw e;
            }
          }
        });
  }

  /** Closes idle connections: they may be dead, or lead to the wrong server. */
  void renew() {
    pool.clear();
  }

  /** Closes all connections and so aborts operations: a write to a hung Redis has no timeout. */
  void end() {
    for (Jedis each : open) {
      try {
        each.getConnection().forceDisconnect();
      } catch (IOException e) {
        // as good as closed
      }
    }
    renew();
  }
}
