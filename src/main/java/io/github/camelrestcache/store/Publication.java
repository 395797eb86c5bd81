package io.github.camelrestcache.store;

import io.github.camelrestcache.catalog.CachedEndpoint;
import java.util.ArrayList;
import java.util.List;
import org.apache.camel.Body;
import org.apache.camel.Variable;
import org.springframework.data.redis.core.script.RedisScript;

/**
 * Writes an endpoint to Redis atomically and notifies all instances, unless a later lease has
 * published. The commands of camel-spring-redis cannot compare.
 */
public record Publication(RedisConnection redis, Keys keys) {

  /**
   * Returns 1 if published, 0 if a later lease has published, and -1 if only the times were given
   * but the rest is not in Redis.
   */
  private static final RedisScript<Long> PUBLISH =
      RedisScript.of(
          """
          if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('DEL', KEYS[1]) end
          local stored = redis.call('HMGET', KEYS[1], 'fence', 'written')
          if (tonumber(stored[1]) or 0) > tonumber(ARGV[1]) then return 0 end
          if #ARGV == 6 then
            local size = redis.call('HSTRLEN', KEYS[1], 'gzip')
            if stored[2] ~= ARGV[4] or size ~= tonumber(ARGV[6]) then return -1 end
            redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'fetched', ARGV[5])
            return 1
          end
          for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
          redis.call('PUBLISH', ARGV[2], ARGV[3])
          return 1
          """,
          Long.class);

  private static final RedisScript<Long> FENCE =
      RedisScript.of(
          """
          local is_hash = redis.call('TYPE', KEYS[1]).ok == 'hash'
          return is_hash and tonumber(redis.call('HGET', KEYS[1], 'fence')) or 0
          """,
          Long.class);

  private static final RedisScript<Long> FORGET =
      RedisScript.of(
          """
          local kind = redis.call('TYPE', KEYS[1]).ok
          local stored = kind == 'hash' and redis.call('HEXISTS', KEYS[1], 'gzip') or 0
          local fence = kind == 'hash' and redis.call('HGET', KEYS[1], 'fence')
          if fence and (tonumber(fence) or 0) > tonumber(ARGV[1]) then return 0 end
          redis.call('DEL', KEYS[1])
          redis.call('HSET', KEYS[1], 'fence', ARGV[1])
          redis.call('PUBLISH', ARGV[2], ARGV[3])
          return stored
          """,
          Long.class);

  /**
   * Publishes an entry; only its times if its content is unchanged.
   *
   * @param before the stored entry when the refresh began, or null
   * @return the entry, or null if another instance has published a newer one
   */
  public Entry publish(
      @Variable("endpoint") CachedEndpoint endpoint,
      @Variable("stored") Entry before,
      @Body Entry entry) {
    long published = -1;
    if (before != null && entry.written() == before.written()) {
      long fetched = entry.fetched().getEpochSecond();
      published = run(endpoint, entry, List.of(entry.written(), fetched, entry.gzip().length));
    }
    if (published < 0) {
      published = run(endpoint, entry, Hashes.fields(entry));
    }
    return published == 0 ? null : entry;
  }

  /** The fence of what is stored of an endpoint, or 0. */
  public long fence(CachedEndpoint endpoint) {
    return redis.run(FENCE, keys.endpoint(endpoint));
  }

  /**
   * Removes the content of an endpoint. Entries with this fence or a lower one are not accepted
   * again.
   *
   * @return whether it had content
   */
  public boolean forget(CachedEndpoint endpoint, long fence) {
    String key = keys.endpoint(endpoint);
    return redis.run(FORGET, key, fence, keys.of("published"), endpoint.path()) == 1;
  }

  private long run(CachedEndpoint endpoint, Entry entry, List<Object> fields) {
    List<Object> arguments = new ArrayList<>();
    arguments.add(entry.fence());
    arguments.add(keys.of("published"));
    arguments.add(endpoint.path());
    arguments.addAll(fields);
    return redis.run(PUBLISH, keys.endpoint(endpoint), arguments.toArray());
  }
}
