package io.github.camelrestcache;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.serve.FastLane;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.store.Near;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.data.redis.connection.DataType;
import org.springframework.data.redis.core.RedisTemplate;

/** Access to the Redis data of a running service, for tests that read or damage it. */
final class Stored {

  private Stored() {}

  /** The Redis of this service; values are bytes, as the service writes them. */
  @SuppressWarnings("unchecked")
  static RedisTemplate<String, Object> in(Service service) {
    return service
        .context()
        .getRegistry()
        .lookupByNameAndType("redisTemplate", RedisTemplate.class);
  }

  /** The key of the hash of a cached endpoint. */
  static String endpoint(GitHubStandIn github, String path) {
    return "camel-rest-cache:3:" + github.url() + ":endpoint:{" + path + "}";
  }

  /** The key of the lease of a cached endpoint. */
  static String lease(GitHubStandIn github, String path) {
    return "camel-rest-cache:3:" + github.url() + ":lease:{" + path + "}";
  }

  /** The key of the hash of a ranking of the repositories. */
  static String view(GitHubStandIn github, String name) {
    return "camel-rest-cache:3:" + github.url() + ":view:{/orgs/Netflix/repos}:" + name;
  }

  /** Clears the near cache, so that the service loads from Redis again. */
  static void forgetNear(Service service) {
    service.context().getRegistry().findSingleByType(Near.class).clear();
  }

  /** Deletes all stored forwarded responses. */
  static void forgetForwarded(Service service) {
    RedisTemplate<String, Object> redis = in(service);
    redis.delete(redis.keys("camel-rest-cache:3:*:forward:*"));
    service.context().getRegistry().findSingleByType(FastLane.class).clear();
  }

  /** Everything stored under a key, including field names, as text. */
  static String text(Service service, String key) {
    return values(service, key)
        .map(each -> new String(each, ISO_8859_1))
        .collect(Collectors.joining("\n"));
  }

  /** Everything stored under a key, including field names. */
  static Stream<byte[]> values(Service service, String key) {
    RedisTemplate<String, Object> redis = in(service);
    DataType type = redis.type(key);
    if (type == DataType.STRING) {
      return Stream.ofNullable((byte[]) redis.opsForValue().get(key));
    } else if (type == DataType.HASH) {
      return redis.<String, byte[]>opsForHash().entries(key).entrySet().stream()
          .flatMap(field -> Stream.of(field.getKey().getBytes(UTF_8), field.getValue()));
    } else if (type == DataType.ZSET) {
      return redis.opsForZSet().range(key, 0, -1).stream().map(byte[].class::cast);
    }
    return Stream.of();
  }
}
