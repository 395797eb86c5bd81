package io.github.camelrestcache.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.catalog.Catalog;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Set;
import org.springframework.data.redis.core.ZSetOperations.TypedTuple;

/**
 * Removes endpoints and views from Redis a day after the last instance has declared them. They have
 * no expiry in Redis, because a Redis that is full may evict keys that have one.
 */
public record Leftovers(RedisConnection redis, Keys keys, Catalog catalog, InstantSource clock) {

  private static final Duration KEPT = Duration.ofDays(1);

  /** Records what this instance declares, and removes what none has declared for a day. */
  public void remove() {
    String key = keys.of("declared");
    double now = clock.millis();
    Set<TypedTuple<Object>> declared = new HashSet<>();
    catalog.endpoints().forEach(each -> declared.add(TypedTuple.of(keys.endpoint(each), now)));
    catalog.views().forEach(each -> declared.add(TypedTuple.of(keys.view(each), now)));
    if (!declared.isEmpty()) {
      redis.opsForZSet().add(key, declared);
    }
    for (Object each : redis.opsForZSet().rangeByScore(key, 0, now - KEPT.toMillis())) {
      String old = new String((byte[]) each, UTF_8);
      redis.delete(old);
      String path = old.replaceFirst(".*:endpoint:\\{(.*)}", "$1");
      redis.opsForHash().delete(keys.schedules(), path, path + Leases.SOON, path + Leases.FENCE);
      redis.opsForZSet().remove(key, each);
    }
  }
}
