package io.github.camelrestcache.store;

import io.github.camelrestcache.Settings;
import io.github.camelrestcache.catalog.BadConfiguration;
import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.apache.camel.BindToRegistry;
import org.apache.camel.CamelContext;
import org.apache.camel.CamelContextAware;
import org.apache.commons.pool2.impl.GenericObjectPoolConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.connection.RedisConnectionCommands;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.jedis.JedisClientConfiguration;
import org.springframework.data.redis.connection.jedis.JedisConnectionFactory;
import org.springframework.data.redis.core.RedisCallback;
import org.springframework.data.redis.core.RedisTemplate;
import org.springframework.data.redis.serializer.RedisSerializer;
import redis.clients.jedis.Jedis;

/**
 * Redis as camel-spring-redis uses it: keys and field names are strings, values are bytes as they
 * are. Without {@code REDIS_URL} it starts a server of its own on loopback and ends it with the
 * app.
 */
@BindToRegistry(value = "redisTemplate", initMethod = "start", destroyMethod = "stop")
public class RedisConnection extends RedisTemplate<String, Object> implements CamelContextAware {

  private static final Logger LOG = LoggerFactory.getLogger(RedisConnection.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(2);
  private static final int CONNECTIONS = 64;

  private CamelContext context;
  private AutoCloseable embedded;
  private JedisConnectionFactory connections;

  @Override
  public CamelContext getCamelContext() {
    return context;
  }

  @Override
  public void setCamelContext(CamelContext context) {
    this.context = context;
  }

  /** Connects; a server that does not answer yet is one warning, and is tried again at each use. */
  public void start() throws IOException {
    if (connections != null) {
      return;
    }
    String url = Settings.get(context, "redis.url");
    URI server = URI.create(url.isEmpty() ? startEmbedded() : url);
    connections = new JedisConnectionFactory(address(server), client(server));
    connections.afterPropertiesSet();
    connections.start();
    setConnectionFactory(connections);
    setKeySerializer(RedisSerializer.string());
    setHashKeySerializer(RedisSerializer.string());
    setValueSerializer(RedisSerializer.byteArray());
    setHashValueSerializer(RedisSerializer.byteArray());
    afterPropertiesSet();
    context.getRegistry().bind("redisConnections", connections);
    context.getRegistry().bind("redisText", RedisSerializer.string());
    try {
      execute((RedisCallback<String>) RedisConnectionCommands::ping);
    } catch (DataAccessException e) {
      LOG.warn(
          "Redis at {}:{} does not answer ({}): starting without it, it is tried again at each use",
          server.getHost(),
          port(server),
          BadConfiguration.sentence(e));
    }
  }

  /** Closes the connections, and ends the embedded server. */
  public void stop() throws Exception {
    if (connections != null) {
      connections.destroy();
      connections = null;
    }
    if (embedded != null) {
      embedded.close();
      embedded = null;
    }
  }

  private String startEmbedded() throws IOException {
    try {
      EmbeddedRedis server = EmbeddedRedis.start();
      embedded = server;
      LOG.info("REDIS_URL is not set: started an embedded Redis at {}", server.url());
      return server.url();
    } catch (NoClassDefFoundError e) {
      throw new BadConfiguration(
          "REDIS_URL is not set, and has to be here, for no embedded Redis comes with this build");
    }
  }

  private static RedisStandaloneConfiguration address(URI server) {
    RedisStandaloneConfiguration address =
        new RedisStandaloneConfiguration(server.getHost(), port(server));
    String user = server.getRawUserInfo();
    if (user != null) {
      int colon = user.indexOf(':');
      if (colon > 0) {
        address.setUsername(decoded(user.substring(0, colon)));
      }
      address.setPassword(decoded(user.substring(colon + 1)));
    }
    String database = server.getPath() == null ? "" : server.getPath().replace("/", "");
    address.setDatabase(database.isEmpty() ? 0 : Integer.parseInt(database));
    return address;
  }

  private static JedisClientConfiguration client(URI server) {
    JedisClientConfiguration.JedisClientConfigurationBuilder client =
        JedisClientConfiguration.builder().connectTimeout(TIMEOUT).readTimeout(TIMEOUT);
    if ("rediss".equals(server.getScheme())) {
      client.useSsl();
    }
    GenericObjectPoolConfig<Jedis> pool = new GenericObjectPoolConfig<>();
    pool.setMaxTotal(CONNECTIONS);
    pool.setMaxIdle(CONNECTIONS);
    pool.setMaxWait(TIMEOUT);
    return client.usePooling().poolConfig(pool).build();
  }

  private static String decoded(String part) {
    return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  private static int port(URI server) {
    return server.getPort() < 0 ? 6379 : server.getPort();
  }
}
