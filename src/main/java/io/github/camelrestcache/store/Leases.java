package io.github.camelrestcache.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.springframework.data.redis.core.HashOperations;
import org.springframework.data.redis.core.script.RedisScript;

/**
 * What instances know of refreshes, in Redis. The lease of an endpoint is a key that expires; its
 * value is the name of the instance that holds it. The schedules are one hash, {@code refreshes}:
 * the result of an endpoint's last refresh by its path, and the last request for an early refresh
 * by its path and {@value #SOON}. A value of another type is deleted.
 *
 * <p>All methods throw a {@link org.springframework.dao.DataAccessException} if Redis does not
 * answer.
 */
public final class Leases {

  /** Follows the path in the names of fields with requests for early refreshes. */
  public static final String SOON = " soon";

  private static final RedisScript<Long> TIME =
      RedisScript.of(
          """
          local time = redis.call('TIME')
          return time[1] * 1000 + math.floor(time[2] / 1000)
          """,
          Long.class);

  private final RedisConnection redis;
  private final Keys keys;
  private final String schedules;
  private final String me;
  private final Duration length;

  /**
   * @param me the name of this instance, which no other has had
   * @param length how long a lease lasts if it is not renewed
   */
  public Leases(RedisConnection redis, Keys keys, String me, Duration length) {
    this.redis = redis;
    this.keys = keys;
    schedules = keys.of("refreshes");
    this.me = me;
    this.length = length;
  }

  /** The name of this instance. */
  public String me() {
    return me;
  }

  /**
   * Takes the lease of an endpoint that this instance is not refreshing.
   *
   * @return whether this instance holds it now
   */
  public boolean take(String path) {
    String key = keys.lease(path);
    // who seems to hold it already has not received the answer that granted it
    return Boolean.TRUE.equals(redis.opsForValue().setIfAbsent(key, me, length)) || renew(path);
  }

  /**
   * Extends the lease.
   *
   * @return false if it has expired, was revoked or belongs to another instance
   */
  public boolean renew(String path) {
    return isMine(path) && Boolean.TRUE.equals(redis.expire(keys.lease(path), length));
  }

  /** Ends the lease, if this instance still holds it. */
  public void giveBack(String path) {
    if (isMine(path)) {
      revoke(path);
    }
  }

  /** Ends the lease, whoever holds it. */
  public void revoke(String path) {
    redis.delete(keys.lease(path));
  }

  private boolean isMine(String path) {
    String key = keys.lease(path);
    byte[] holder = (byte[]) redis.replacing(key, () -> redis.opsForValue().get(key));
    return holder != null && me.equals(new String(holder, UTF_8));
  }

  /** The time by the clock of Redis. */
  public Instant time() {
    return Instant.ofEpochMilli(redis.run(TIME, schedules));
  }

  /** All fields of the schedules. */
  public Map<String, byte[]> schedules() {
    return redis.replacing(schedules, () -> hash().entries(schedules));
  }

  /** The fields of one endpoint: its last result, and the last request for an early refresh. */
  public List<byte[]> schedule(String path) {
    List<String> fields = List.of(path, path + SOON);
    return redis.replacing(schedules, () -> hash().multiGet(schedules, fields));
  }

  /** Sets a field of the schedules. */
  public void set(String field, String value) {
    Map<String, byte[]> fields = Map.of(field, value.getBytes(UTF_8));
    redis.replacing(
        schedules,
        () -> {
          hash().putAll(schedules, fields);
          return fields;
        });
  }

  private HashOperations<String, String, byte[]> hash() {
    return redis.opsForHash();
  }
}
