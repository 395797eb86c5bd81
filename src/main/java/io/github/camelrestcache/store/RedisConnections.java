package io.github.camelrestcache.store;

import io.github.camelrestcache.base.RedisAddress;
import io.github.camelrestcache.base.RedisAddress.Host;
import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.RedisChannelWriter;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SocketOptions.TcpUserTimeoutOptions;
import io.lettuce.core.StatefulRedisConnectionImpl;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.protocol.PushHandler;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisConfiguration;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Connections to Redis, which are unavailable while the circuit breaker is open. All commands share
 * one connection. Lettuce reconnects to the current master automatically and resends unanswered
 * commands.
 */
final class RedisConnections extends LettuceConnectionFactory {

  private static final Duration UNACKNOWLEDGED = Duration.ofSeconds(2);
  private static final Duration CONNECT_TIMEOUT = Duration.ofMillis(500);
  private static final Duration RECONNECT_DELAY = Duration.ofMillis(100);
  private static final Duration TOPOLOGY_REFRESH = Duration.ofSeconds(5);

  /** For connecting and for the probe, which ends the commands of a Redis that hangs. */
  private static final Duration TIMEOUT = Duration.ofMillis(700);

  /** Large values need time on a slow network, and so do the commands behind them. */
  private static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(10);

  static {
    // otherwise the JVM generates event classes at each start
    System.setProperty("io.lettuce.core.jfr", "false");
  }

  private final RedisAddress address;
  private final Liveness liveness;
  private final Probe probe = new Probe(this::getRequiredNativeClient, TIMEOUT);

  RedisConnections(RedisAddress address, Liveness liveness) {
    super(servers(address), client());
    this.address = address;
    this.liveness = liveness;
    afterPropertiesSet();
  }

  private static RedisConfiguration servers(RedisAddress address) {
    return address.cluster()
        ? new RedisClusterConfiguration()
        : createRedisConfiguration(uri(address, address.hosts()));
  }

  private static RedisURI uri(RedisAddress address, List<Host> hosts) {
    RedisURI.Builder uri = RedisURI.builder();
    if (address.master() == null) {
      uri.withHost(hosts.get(0).name()).withPort(hosts.get(0).port());
    } else {
      hosts.forEach(host -> uri.withSentinel(host.name(), host.port(), address.password()));
      uri.withSentinelMasterId(address.master());
    }
    if (address.user() != null) {
      uri.withAuthentication(address.user(), address.password());
    } else if (address.password() != null) {
      uri.withPassword(address.password().toCharArray());
    }
    return uri.withDatabase(address.database()).withSsl(address.tls()).withTimeout(TIMEOUT).build();
  }

  private static LettuceClientConfiguration client() {
    ClientResources resources =
        ClientResources.builder()
            .ioThreadPoolSize(2)
            .computationThreadPoolSize(2)
            .reconnectDelay(Delay.constant(RECONNECT_DELAY))
            .build();
    return LettuceClientConfiguration.builder()
        .clientResources(resources)
        .commandTimeout(COMMAND_TIMEOUT)
        .shutdownTimeout(Duration.ZERO)
        .build();
  }

  private static ClusterClientOptions options() {
    // the subscription sends nothing, so only keepalive detects a dropped connection
    var keepAlive =
        SocketOptions.KeepAliveOptions.builder()
            .enable()
            .idle(Duration.ofSeconds(30))
            .interval(Duration.ofSeconds(5))
            .build();
    // the probe has a connection of its own, and does not notice that only this one is dead
    var unacknowledged =
        TcpUserTimeoutOptions.builder().enable().tcpUserTimeout(UNACKNOWLEDGED).build();
    var topology =
        ClusterTopologyRefreshOptions.builder()
            .enablePeriodicRefresh(TOPOLOGY_REFRESH)
            .enableAllAdaptiveRefreshTriggers()
            .build();
    return ClusterClientOptions.builder()
        .topologyRefreshOptions(topology)
        // would send a PING, which a user may not be allowed to
        .pingBeforeActivateConnection(false)
        .socketOptions(
            SocketOptions.builder()
                .connectTimeout(CONNECT_TIMEOUT)
                .keepAlive(keepAlive)
                .tcpUserTimeout(unacknowledged)
                .build())
        .timeoutOptions(TimeoutOptions.enabled(COMMAND_TIMEOUT))
        .build();
  }

  @Override
  protected AbstractRedisClient createClient() {
    if (address.cluster()) {
      var uris = address.hosts().stream().map(host -> uri(address, List.of(host))).toList();
      RedisClusterClient client = RedisClusterClient.create(getClientResources(), uris);
      client.setOptions(options());
      return client;
    }
    RedisClient client =
        new RedisClient(getClientResources(), uri(address, address.hosts())) {
          @Override
          protected <K, V> StatefulRedisConnectionImpl<K, V> newStatefulRedisConnection(
              RedisChannelWriter writer,
              PushHandler pushes,
              RedisCodec<K, V> codec,
              Duration timeout) {
            return new StatefulRedisConnectionImpl<>(writer, pushes, codec, timeout) {
              @Override
              protected RedisCommands<K, V> newRedisSyncCommandsImpl() {
                return null; // unused here; the proxy of its 1,000 methods slows the start
              }
            };
          }
        };
    client.setOptions(options());
    return client;
  }

  /** Returns a connection; fails at once while Redis does not answer. */
  @Override
  public RedisConnection getConnection() {
    liveness.check();
    return super.getConnection();
  }

  Probe probe() {
    return probe;
  }

  /** Connects the shared connection if it does not exist, and returns whether it is open. */
  boolean connect() {
    StatefulConnection<?, ?> shared =
        address.cluster() ? getSharedClusterConnection() : getSharedConnection();
    return shared.isOpen();
  }

  /** Closes all connections but the subscription, and so aborts commands in flight. */
  @Override
  public void resetConnection() {
    super.resetConnection();
    probe.reset();
  }

  @Override
  public void destroy() {
    super.destroy();
    getClientResources().shutdown(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
