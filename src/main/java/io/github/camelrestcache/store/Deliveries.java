package io.github.camelrestcache.store;

import org.apache.camel.component.redis.processor.idempotent.SpringRedisStringIdempotentRepository;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.StringRedisTemplate;

/**
 * The webhook deliveries of the last hour, shared by all instances. Without Redis every delivery
 * counts as new: a needless refresh does less harm than a missed change.
 */
public final class Deliveries extends SpringRedisStringIdempotentRepository {

  private static final long REMEMBERED = 3600; // seconds

  public Deliveries(RedisConnection redis, Keys keys) {
    super(new StringRedisTemplate(redis.getRequiredConnectionFactory()), keys.of("delivery"));
    setExpiry(REMEMBERED);
  }

  @Override
  public boolean contains(String id) {
    try {
      return super.contains(id);
    } catch (DataAccessException e) {
      return false;
    }
  }

  @Override
  public boolean add(String id) {
    try {
      return super.add(id);
    } catch (DataAccessException e) {
      return true;
    }
  }
}
