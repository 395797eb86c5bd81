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
 * The connections to Redis: a pool of them, and one more for the probe. Each goes to the server
 * that is the master when it is opened. While Redis does not answer, there are none to be had.
 */
final class RedisConnections extends JedisConnectionFactory {

  /** How long a connection may take to open. */
  private static final int CONNECT_TIMEOUT = 500;

  /** How long Redis may be silent; of a large value, at any point. */
  private static final int READ_TIMEOUT = 700;

  /** More than there are threads to use them, so that nobody waits for one of another's. */
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
    // Jedis takes any host's certificate otherwise
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
  @SuppressWarnings("deprecation") // what Spring Data takes
  protected Pool<Jedis> createRedisPool() {
    GenericObjectPoolConfig<Jedis> size = new GenericObjectPoolConfig<>();
    size.setMaxTotal(MOST);
    size.setMaxIdle(MOST);
    size.setMaxWait(Duration.ofMillis(READ_TIMEOUT));
    // before a firewall forgets them
    size.setMinEvictableIdleDuration(Duration.ofSeconds(60));
    size.setTimeBetweenEvictionRuns(Duration.ofSeconds(30));
    size.setNumTestsPerEvictionRun(-1);
    // which would take a start a while, and nobody looks there
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
   * A connection, which fails at once while Redis does not answer.
   *
   * @throws RedisConnectionFailureException also when none can be opened: then Redis is gone
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

  // what the probe does

  /**
   * Reads something.
   *
   * @return whether another server than before was found to be the master
   * @throws RuntimeException that says why Redis cannot be used
   */
  boolean probe() {
    try {
      return probeOnce();
    } catch (JedisConnectionException e) {
      if (Liveness.isTimeout(e)) {
        throw e;
      }
      // a restart, or connections that were cut: so are the others
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

  /** A read, and not a PING, which some servers answer that refuse all else. */
  private void read() {
    try {
      probe.exists(PROBE);
    } catch (JedisDataException e) {
      allowed(e);
    }
  }

  /** Writes something, on the connection of the last probe. */
  void probeWrite() {
    try {
      probe.set(PROBE, "", SetParams.setParams().px(1));
    } catch (JedisDataException e) {
      allowed(e);
    }
  }

  /** Whoever may not use the probe's key got an answer too. */
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

  /** Closes the connections that are not in use: they may be dead, or lead to the wrong server. */
  void renew() {
    pool.clear();
    outdated = true;
  }

  /** Closes all connections, and so ends what is under way on them. */
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
   * The socket of one connection. Jedis would put a new one in the place of one that is closed,
   * without authentication and in database 0.
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

    /** Ends what is under way on it too: a write to a server that hangs has no timeout. */
    void end() {
      try {
        socket.close();
      } catch (IOException e) {
        // as good as closed
      }
    }
  }
}
