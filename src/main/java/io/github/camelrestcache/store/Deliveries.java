package io.github.camelrestcache.store;

import java.time.Duration;
import org.springframework.dao.DataAccessException;

/** The webhook deliveries of the last hour, shared by all instances. */
public record Deliveries(RedisConnection redis, Keys keys) {

  private static final Duration REMEMBERED = Duration.ofHours(1);

  /**
   * Records a delivery and returns whether it is new. Without Redis every delivery counts as new: a
   * needless refresh does less harm than a missed change.
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
