package io.github.camelrestcache;

import io.github.camelrestcache.standin.GitHubStandIn;
import org.springframework.data.redis.core.RedisTemplate;

/** What a running service has in Redis, for tests that look at it or damage it. */
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
    return "camel-rest-cache:1:" + github.url() + ":endpoint:" + path;
  }

  /** The key of the hash of a ranking. */
  static String view(GitHubStandIn github, String name) {
    return "camel-rest-cache:1:" + github.url() + ":view:" + name;
  }
}
