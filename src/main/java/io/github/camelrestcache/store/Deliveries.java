package io.github.camelrestcache.store;

import io.github.camelrestcache.ContextBean;
import java.time.Duration;
import org.apache.camel.BindToRegistry;
import org.apache.camel.language.simple.Simple;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.RedisTemplate;

/** The webhook's deliveries of the last hour, for all instances. */
@BindToRegistry("deliveries")
public class Deliveries extends ContextBean {

  private static final Duration REMEMBERED = Duration.ofHours(1);

  /**
   * Remembers a delivery, and says whether it is new. While Redis does not answer all are:
   * something fetched twice does less harm than a change that is missed.
   */
  public boolean isNew(
      String id, @Simple("${ref:redisTemplate}") RedisTemplate<String, Object> redis) {
    String key = Keys.of(context, "delivery:" + id);
    try {
      return Boolean.TRUE.equals(redis.opsForValue().setIfAbsent(key, new byte[0], REMEMBERED));
    } catch (DataAccessException e) {
      return true;
    }
  }
}
