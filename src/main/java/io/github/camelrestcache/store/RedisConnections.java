package io.github.camelrestcache.store;

import io.github.camelrestcache.base.RedisAddress;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLParameters;
import org.apache.commons.pool2.BasePooledObjectFactory;
import org.apache.commons.pool2.PooledObject;
import org.apache.commons.pool2.impl.DefaultPooledObject;
import org.apache.commons.pool2.impl.GenericObjectPoolConfig;
import org.springframework.data.redis.RedisConnectionFailureException;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.jedis.JedisClientConfiguration;
import org.springframework.data.redis.connection.jedis.JedisConnectionFactory;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.DefaultJedisSocketFactory;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.JedisPool;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.SetParams;
import redis.clients.jedis.util.Pool;

/**
 * A pool of connections to Redis, and one more for the probe. Each leads to the server that is the
 * master when it is opened. None is available while Redis does not answer.
 */
final class RedisConnections extends JedisConnectionFactory {

  /** In milliseconds. */
  private static final int CONNECT_TIMEOUT = 500;

  /** How long Redis may be silent, in milliseconds, also within a large value. */
  private static final int READ_TIMEOUT = 700;

  /** More than there are threads to use them, so that no thread waits. */
  private static final int MOST = 512;

  private static final String PROBE = "camel-rest-cache:probe";

  private final RedisAddress address;
  private final Liveness liveness;
  private final Sentinels sentinels;
  private final JedisClientConfig config;
  private final Set<OneSocket> sockets = ConcurrentHashMap.newKeySet();
  private Pool<Jedis> pool;

  private Jedis probe;
  private HostAndPort probed;
  private volatile boolean outdated;

  RedisConnections(RedisAddress address, Liveness liveness) {
    super(database(address), JedisClientConfiguration.builder().usePooling().build());
    this.address = address;
    this.liveness = liveness;
    this.sentinels = address.master() == null ? null : new Sentinels(address);
    this.config = config(address);
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
        .sslParameters(address.tls() ? verified : null)
        .build();
  }

  @Override
  @SuppressWarnings("deprecation") // Spring Data expects this type
  protected Pool<Jedis> createRedisPool() {
    GenericObjectPoolConfig<Jedis> size = new GenericObjectPoolConfig<>();
    size.setMaxTotal(MOST);
    size.setMaxIdle(MOST);
    size.setMaxWait(Duration.ofMillis(READ_TIMEOUT));
    // before a firewall drops them
    size.setMinEvictableIdleDuration(Duration.ofSeconds(60));
    size.setTimeBetweenEvictionRuns(Duration.ofSeconds(30));
    size.setNumTestsPerEvictionRun(-1);
    // JMX delays the start
    size.setJmxEnabled(false);
    pool =
        new JedisPool(
            size,
            new BasePooledObjectFactory<Jedis>() {
              @Override
              public Jedis create() {
                liveness.check();
                return open(server());
              }

              @Override
              public PooledObject<Jedis> wrap(Jedis connection) {
                return new DefaultPooledObject<>(connection);
              }

              @Override
              public void destroyObject(PooledObject<Jedis> connection) {
                connection.getObject().getConnection().disconnect();
              }
            });
    return pool;
  }

  /**
   * Returns a connection; fails at once while Redis does not answer.
   *
   * @throws RedisConnectionFailureException also if none can be opened, which begins an outage
   */
  @Override
  public org.springframework.data.redis.connection.RedisConnection getConnection() {
    liveness.check();
    int outages = liveness.outages();
    try {
      return super.getConnection();
    } catch (RedisConnectionFailureException e) {
      if (Liveness.causes(e).noneMatch(NoSuchElementException.class::isInstance)) {
        liveness.down(outages, e);
      }
      throw e;
    }
  }

  static HostAndPort host(RedisAddress.Host host) {
    return new HostAndPort(host.name(), host.port());
  }

  private HostAndPort server() {
    return sentinels == null ? host(address.hosts().get(0)) : sentinels.master();
  }

  private Jedis open(HostAndPort server) {
    OneSocket socket = new OneSocket(server, config);
    Jedis connection = new Jedis(socket, config);
    sockets.removeIf(OneSocket::isEnded);
    sockets.add(socket);
    return connection;
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
      pool.clear();
      return probeOnce();
    }
  }

  private boolean probeOnce() {
    HostAndPort server = server();
    boolean moved = probed != null && !server.equals(probed);
    if (moved) {
      end();
    }
    if (moved || outdated) {
      outdated = false;
      forget();
    }
    try {
      if (probe == null) {
        probe = open(server);
      }
      read();
      probed = server;
      return moved;
    } catch (RuntimeException e) {
      forget();
      if (sentinels != null) {
        sentinels.doubt();
      }
      throw e;
    }
  }

  /** Not a PING: some servers answer that and refuse everything else. */
  private void read() {
    try {
      probe.exists(PROBE);
    } catch (JedisDataException e) {
      allowed(e);
    }
  }

  /** Sends a write, on the connection of the last probe. */
  void probeWrite() {
    try {
      probe.set(PROBE, "", SetParams.setParams().px(1));
    } catch (JedisDataException e) {
      allowed(e);
    }
  }

  /** Redis answers, even if the user may not access the key of the probe. */
  private static void allowed(JedisDataException answer) {
    if (!answer.getMessage().startsWith("NOPERM")) {
      throw answer;
    }
  }

  private void forget() {
    if (probe != null) {
      probe.getConnection().disconnect();
      probe = null;
    }
  }

  /** Closes idle connections: they may be dead, or lead to the wrong server. */
  void renew() {
    pool.clear();
    outdated = true;
  }

  /** Closes all connections and so aborts operations in progress. */
  void end() {
    sockets.forEach(OneSocket::end);
    renew();
  }

  @Override
  public void destroy() {
    super.destroy();
    sockets.forEach(OneSocket::end);
  }

  /**
   * The socket of one connection. Jedis would replace a closed one by a new one, without
   * authentication and in database 0.
   */
  private static final class OneSocket extends DefaultJedisSocketFactory {

    private volatile Socket socket;

    OneSocket(HostAndPort server, JedisClientConfig config) {
      super(server, config);
    }

    @Override
    public Socket createSocket() {
      if (socket != null) {
        throw new JedisConnectionException("The connection was closed");
      }
      socket = super.createSocket();
      return socket;
    }

    boolean isEnded() {
      return socket.isClosed();
    }

    /** Aborts operations in progress too: a write to a hanging server has no timeout. */
    void end() {
      try {
        socket.close();
      } catch (IOException e) {
        // as good as closed
      }
    }
  }
}
