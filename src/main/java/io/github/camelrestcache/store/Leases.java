package io.github.camelrestcache.store;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.springframework.data.redis.core.HashOperations;
import org.springframework.data.redis.core.script.RedisScript;

/**
 * The leases and schedules of refreshes in Redis. The lease of an endpoint is a key that expires;
 * its value is the name of the instance that holds it. The schedules are one hash, {@code
 * refreshes}: the result of an endpoint's last refresh by its path, the last request for an early
 * refresh by its path and {@value #SOON}, and the latest fence by its path and {@value #FENCE}.
 *
 * <p>All methods throw a {@link org.springframework.dao.DataAccessException} if Redis does not
 * answer.
 *
 * @param me the name of this instance, which no other has had
 * @param length how long a lease lasts if it is not renewed
 */
public record Leases(RedisConnection redis, Keys keys, String me, Duration length) {

  /** Follows the path in the names of fields with requests for early refreshes. */
  public static final String SOON = " soon";

  /** Follows the path in the names of fields with the fence of the latest lease or purge. */
  public static final String FENCE = " fence";

  private static final RedisScript<Long> TIME =
      RedisScript.of(
          """
          local time = redis.call('TIME')
          return time[1] * 1000 + math.floor(time[2] / 1000)
          """,
          Long.class);

  /** Extends a lease of this instance by so many milliseconds, or ends it if they are 0. */
  private static final RedisScript<Long> EXTEND =
      RedisScript.of(
          """
          if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
          if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
          return redis.call('PEXPIRE', KEYS[1], ARGV[2])
          """,
          Long.class);

  /**
   * Takes the lease of an endpoint that this instance is not refreshing.
   *
   * @return whether this instance holds it now
   */
  public boolean take(String path) {
    String key = keys.lease(path);
    // if it is held already, the answer that granted it was lost
    return Boolean.TRUE.equals(redis.opsForValue().setIfAbsent(key, me, length)) || renew(path);
  }

  /**
   * Extends the lease.
   *
   * @return false if it has expired, was revoked or belongs to another instance
   */
  public boolean renew(String path) {
    return redis.run(EXTEND, keys.lease(path), me, length.toMillis()) == 1;
  }

  /** Ends the lease, if this instance still holds it. */
  public void giveBack(String path) {
    redis.run(EXTEND, keys.lease(path), me, 0);
  }

  /** Ends the lease, also that of another instance. */
  public void revoke(String path) {
    redis.delete(keys.lease(path));
  }

  /** The time by the clock of Redis. */
  public Instant time() {
    return Instant.ofEpochMilli(redis.run(TIME, keys.schedules()));
  }

  /** All fields of the schedules. */
  public Map<String, byte[]> schedules() {
    return redis.replacing(keys.schedules(), () -> hash().entries(keys.schedules()));
  }

  /**
   * The fields of one endpoint, each of which may be null: its last result, the last request for an
   * early refresh, and the latest fence.
   */
  public List<byte[]> schedule(String path) {
    List<String> fields = List.of(path, path + SOON, path + FENCE);
    return redis.replacing(keys.schedules(), () -> hash().multiGet(keys.schedules(), fields));
  }

  /** Sets a field of the schedules. */
  public void set(String field, String value) {
    redis.replacing(
        keys.schedules(),
        () -> {
          redis.opsForHash().put(keys.schedules(), field, value);
          return value;
        });
  }

  private HashOperations<String, String, byte[]> hash() {
    return redis.opsForHash();
  }
}
