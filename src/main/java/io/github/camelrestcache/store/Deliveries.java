package io.github.camelrestcache.store;

import java.time.Duration;
import org.springframework.dao.DataAccessException;

/** The webhook's deliveries of the last hour, for all instances. */
public record Deliveries(RedisConnection redis, Keys keys) {

  private static final Duration REMEMBERED = Duration.ofHours(1);

  /**
   * Remembers a delivery, and says whether it is new. While Redis does not answer all are:
   * something fetched twice does less harm than a change that is missed.
   */
  public boolean isNew(String id) {
    String key = keys.of("delivery:" + id);
    try {
      return Boolean.TRUE.equals(redis.opsForValue().setIfAbsent(key, new byte[0], REMEMBERED));
    } catch (DataAccessException e) {
      return true;
    }
  }
}
