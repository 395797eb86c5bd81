package io.github.camelrestcache.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.Settings;
import io.micrometer.core.instrument.Gauge;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.apache.camel.util.InetAddressUtil;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.script.RedisScript;

/**
 * The instances on one Redis, in a sorted set. An instance stays in it for nine seconds after its
 * next report is due. A new one is announced, so that all instances know it at once.
 */
public final class Instances {

  /** A value of another type at the key is deleted. */
  @SuppressWarnings("rawtypes")
  private static final RedisScript<List> PRESENT =
      RedisScript.of(
          """
          if redis.call('TYPE', KEYS[1]).ok ~= 'zset' then redis.call('DEL', KEYS[1]) end
          local time = redis.call('TIME')
          local now = time[1] * 1000 + math.floor(time[2] / 1000)
          redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
          redis.call('ZREMRANGEBYSCORE', KEYS[1], now + 1, '+inf')
          local joined = redis.call('ZADD', KEYS[1], now, ARGV[1]) == 1
          redis.call('PEXPIRE', KEYS[1], ARGV[2])
          if joined then redis.call('PUBLISH', ARGV[3], 'joined') end
          return redis.call('ZRANGE', KEYS[1], 0, -1)
          """,
          List.class);

  private final RedisConnection redis;
  private final String key;
  private final String channel;
  private final Duration kept;
  private final String me;
  private volatile List<String> known;

  public Instances(RedisConnection redis, Keys keys, Settings settings, Meters meters) {
    this.redis = redis;
    key = keys.of("instances");
    channel = keys.of("published");
    kept = settings.nearCacheMaxAge().plusSeconds(9);
    String mark = UUID.randomUUID().toString().substring(0, 8);
    me = InetAddressUtil.getLocalHostNameSafe() + ":" + settings.clients().port() + "/" + mark;
    known = List.of(me);
    Gauge.builder("restcache.instances", this, all -> all.known().size())
        .description("Instances on this Redis")
        .strongReference(true)
        .register(meters.registry());
  }

  /** The name of this instance: its host and port, and a random part. */
  public String me() {
    return me;
  }

  /** The names of all known instances, including this one, in no order. */
  public List<String> known() {
    return redis.failure() == null ? known : List.of(me);
  }

  /** The number of instances, this one included; while Redis is away, the last known. */
  public int count() {
    return known.size();
  }

  /**
   * Reports this instance and reads the others. While Redis refuses writes it is not asked, and no
   * other instance is known.
   *
   * @throws DataAccessException without Redis
   */
  public void present() {
    if (redis.failure() != null) {
      return;
    }
    List<?> names = redis.run(PRESENT, key, me, kept.toMillis(), channel);
    known = names.stream().map(name -> new String((byte[]) name, UTF_8)).toList();
  }
}
