package io.github.camelrestcache.store;

import static io.lettuce.core.protocol.CommandType.EVAL;
import static io.lettuce.core.protocol.CommandType.EVALSHA;
import static io.lettuce.core.protocol.CommandType.HGETALL;
import static io.lettuce.core.protocol.CommandType.HMGET;
import static io.lettuce.core.protocol.CommandType.SET;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.base.RedisAddress;
import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.LettuceFutures;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisChannelWriter;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.StatefulRedisConnectionImpl;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.event.connection.ReconnectFailedEvent;
import io.lettuce.core.protocol.ProtocolKeyword;
import io.lettuce.core.protocol.PushHandler;
import io.lettuce.core.protocol.RedisCommand;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Connections to Redis, none of which is available while the circuit breaker is open. All commands
 * share one connection. Lettuce reconnects by itself, to the server that is the master then, and
 * sends commands without an answer again.
 */
final class RedisConnections extends LettuceConnectionFactory {

  private static final Duration CONNECT_TIMEOUT = Duration.ofMillis(500);
  private static final Duration RECONNECT_DELAY = Duration.ofMillis(100);
  private static final Duration TIMEOUT = Duration.ofMillis(700);

  /** For commands with large values, which need time on a slow network. */
  private static final Duration LARGE_TIMEOUT = Duration.ofSeconds(10);

  private static final Set<ProtocolKeyword> LARGE = Set.of(EVAL, EVALSHA, HGETALL, HMGET, SET);

  private static final byte[] PROBE = "camel-rest-cache:probe".getBytes(UTF_8);

  static {
    // the JVM would generate classes for events at each start
    System.setProperty("io.lettuce.core.jfr", "false");
  }

  private final RedisURI uri;
  private final Liveness liveness;
  private final ClientResources resources;

  /** The connection of the probe, because a large value may occupy the other. */
  private volatile StatefulRedisConnection<byte[], byte[]> probes;

  private volatile SocketAddress server;
  private volatile boolean moved;

  RedisConnections(RedisAddress address, Liveness liveness) {
    this(uri(address), liveness, resources(liveness));
  }

  private RedisConnections(RedisURI uri, Liveness liveness, ClientResources resources) {
    super(createRedisConfiguration(uri), client(uri, resources));
    this.uri = uri;
    this.liveness = liveness;
    this.resources = resources;
    afterPropertiesSet();
    start();
  }

  private static RedisURI uri(RedisAddress address) {
    RedisURI.Builder uri = RedisURI.builder();
    for (RedisAddress.Host host : address.hosts()) {
      if (address.master() == null) {
        uri.withHost(host.name()).withPort(host.port());
      } else {
        uri.withSentinel(host.name(), host.port(), address.password());
      }
    }
    if (address.master() != null) {
      uri.withSentinelMasterId(address.master());
    }
    if (address.user() != null) {
      uri.withAuthentication(address.user(), address.password());
    } else if (address.password() != null) {
      uri.withPassword(address.password().toCharArray());
    }
    return uri.withDatabase(address.database()).withSsl(address.tls()).withTimeout(TIMEOUT).build();
  }

  private static ClientResources resources(Liveness liveness) {
    ClientResources resources =
        ClientResources.builder()
            .ioThreadPoolSize(2)
            .computationThreadPoolSize(2)
            .reconnectDelay(Delay.constant(RECONNECT_DELAY))
            .build();
    resources
        .eventBus()
        .get()
        .ofType(ReconnectFailedEvent.class)
        .filter(event -> event.getAttempt() > 1)
        .subscribe(event -> liveness.failed(event.getCause()));
    return resources;
  }

  private static LettuceClientConfiguration client(RedisURI uri, ClientResources resources) {
    ClientOptions options =
        ClientOptions.builder()
            // would send a PING, which a user may not be allowed to
            .pingBeforeActivateConnection(false)
            .socketOptions(SocketOptions.builder().connectTimeout(CONNECT_TIMEOUT).build())
            .timeoutOptions(TimeoutOptions.builder().timeoutSource(timeouts()).build())
            .build();
    var client =
        LettuceClientConfiguration.builder()
            .clientResources(resources)
            .clientOptions(options)
            .commandTimeout(LARGE_TIMEOUT)
            .shutdownTimeout(Duration.ZERO);
    return (uri.isSsl() ? client.useSsl().and() : client).build();
  }

  private static TimeoutOptions.TimeoutSource timeouts() {
    return new TimeoutOptions.TimeoutSource() {
      @Override
      public long getTimeout(RedisCommand<?, ?, ?> command) {
        return (LARGE.contains(command.getType()) ? LARGE_TIMEOUT : TIMEOUT).toMillis();
      }

      @Override
      public TimeUnit getTimeUnit() {
        return TimeUnit.MILLISECONDS;
      }
    };
  }

  @Override
  protected AbstractRedisClient createClient() {
    RedisClient client =
        new RedisClient(resources, uri) {
          @Override
          protected <K, V> StatefulRedisConnectionImpl<K, V> newStatefulRedisConnection(
              RedisChannelWriter writer,
              PushHandler pushes,
              RedisCodec<K, V> codec,
              Duration timeout) {
            return new StatefulRedisConnectionImpl<>(writer, pushes, codec, timeout) {
              @Override
              protected RedisCommands<K, V> newRedisSyncCommandsImpl() {
                return null; // a proxy with a thousand methods, which nobody calls
              }
            };
          }
        };
    client.setOptions(getClientConfiguration().getClientOptions().orElseThrow());
    client.addListener(
        new RedisConnectionStateListener() {
          @Override
          public void onRedisConnected(RedisChannelHandler<?, ?> connection, SocketAddress remote) {
            if (connection instanceof StatefulRedisConnection) {
              moved |= server != null && !server.equals(remote);
              server = remote;
            }
          }
        });
    return client;
  }

  /** Returns a connection; fails at once while Redis does not answer. */
  @Override
  public RedisConnection getConnection() {
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
    // not a PING: some servers answer that and refuse everything else
    send(commands -> commands.exists(PROBE));
    boolean isNew = moved;
    moved = false;
    return isNew;
  }

  /** Sends a write. */
  void probeWrite() {
    send(commands -> commands.psetex(PROBE, 1, new byte[0]));
  }

  private void send(Function<RedisAsyncCommands<byte[], byte[]>, RedisFuture<?>> command) {
    var connection = probes;
    if (connection == null) {
      connection = ((RedisClient) getRequiredNativeClient()).connect(ByteArrayCodec.INSTANCE);
      probes = connection;
    }
    try {
      LettuceFutures.awaitOrCancel(
          command.apply(connection.async()), TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RedisCommandExecutionException e) {
      // Redis answers, even if the user may not access the key of the probe
      if (!e.getMessage().startsWith("NOPERM")) {
        throw e;
      }
    }
  }

  /** Closes all connections but the subscription, and so aborts commands in flight. */
  @Override
  public void resetConnection() {
    super.resetConnection();
    var connection = probes;
    if (connection != null) {
      probes = null;
      connection.closeAsync();
    }
  }

  @Override
  public void destroy() {
    super.destroy();
    resources.shutdown(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
