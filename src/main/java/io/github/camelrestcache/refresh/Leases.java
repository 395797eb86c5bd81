package io.github.camelrestcache.refresh;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.RedisConnection;
import io.github.camelrestcache.store.StoreClock;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.script.RedisScript;

/**
 * Leases and schedules of refreshes: one hash in Redis, shared by all instances, with the {@link
 * State} of each endpoint as JSON. Times are by the clock of Redis. If that is a few milliseconds
 * off, or an instance is paused, the {@link Lease#fence} keeps older content from replacing newer
 * content.
 *
 * <p>All methods throw a {@link DataAccessException} if Redis does not answer.
 */
public final class Leases {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** The maximum number of concurrent refreshes; each has one request in flight. */
  static final int MOST_AT_ONCE = 8;

  private static final String BEGIN =
      """
      local time = redis.call('TIME')
      local now = time[1] * 1000 + math.floor(time[2] / 1000)
      local kind = redis.call('TYPE', KEYS[1]).ok
      if kind ~= 'hash' and kind ~= 'none' then redis.call('DEL', KEYS[1]) end
      local function number(value)
        local read = tonumber(value) or 0
        return math.abs(read) < 2^53 and read or 0
      end
      local function state(path)
        local text = redis.call('HGET', KEYS[1], path)
        local read, value = pcall(cjson.decode, text or '{}')
        return read and type(value) == 'table' and value or {}
      end
      local mine = state(ARGV[1])
      """;

  private static final RedisScript<Long> LOOK = RedisScript.of(BEGIN + "return now", Long.class);

  /** Answers with the fence if the lease is granted, else 0, with the time and with the state. */
  @SuppressWarnings("rawtypes")
  private static final RedisScript<List> ACQUIRE =
      RedisScript.of(
          BEGIN
              + """
              local every, lease, most, cold =
                tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5] == 'true'
              local due = number(mine.began) + every * math.max(1, number(mine.stretch))
              if cold or number(mine.failures) > 0 then due = 0 end
              local soon = math.max(tonumber(mine.soon) or due, number(mine.began) + number(mine.spacing))
              due = math.max(math.min(due, soon), number(mine.notBefore))
              local mineStill = number(mine['until']) > now and mine.owner == ARGV[7]
              if mineStill then due = 0 end -- the answer that granted it was lost
              local free = number(mine['until']) <= now or mineStill
              local running = 0
              for _, path in ipairs(redis.call('HKEYS', KEYS[1])) do
                if path ~= ARGV[1] and number(state(path)['until']) > now then running = running + 1 end
              end
              local granted = due <= now and free and running < most
              if granted then
                mine.fence = math.max(number(mine.fence) + 1, ARGV[6] + 1, now)
                mine.owner = ARGV[7]
                mine.began = now
                mine['until'] = now + lease
                mine.soon = nil
                redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(mine))
              end
              return {granted and mine.fence or 0, now, cjson.encode(mine)}
              """,
          List.class);

  private static final RedisScript<Long> RENEW =
      RedisScript.of(
          BEGIN
              + """
              if number(mine.fence) > tonumber(ARGV[2]) then return 0 end
              mine.fence = tonumber(ARGV[2])
              mine['until'] = now + ARGV[3]
              redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(mine))
              return 1
              """,
          Long.class);

  private static final RedisScript<byte[]> RELEASE =
      RedisScript.of(
          BEGIN
              + """
              if number(mine.fence) > tonumber(ARGV[2]) then return false end
              for name, value in pairs(cjson.decode(ARGV[3])) do mine[name] = value end
              mine['until'] = 0
              mine.notBefore = tonumber(ARGV[4]) > 0 and now + ARGV[4] or 0
              if not mine.soon then -- no event since this refresh began
                local looks = ARGV[5] == 'true' and number(mine.looks) or 0
                if looks > 0 then mine.soon = now + (looks > 1 and 10000 or 20000) end
                mine.looks = math.max(0, looks - 1)
              end
              redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(mine))
              return cjson.encode(mine)
              """,
          byte[].class);

  private static final RedisScript<byte[]> SOON =
      RedisScript.of(
          BEGIN
              + """
              if ARGV[3] == 'true' then mine.notBefore = 0 end
              mine.soon = math.min(tonumber(mine.soon) or math.huge, now + ARGV[2])
              mine.looks = 2
              redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(mine))
              return cjson.encode(mine)
              """,
          byte[].class);

  /** Answers with the new fence and with the state. */
  @SuppressWarnings("rawtypes")
  private static final RedisScript<List> REVOKE =
      RedisScript.of(
          BEGIN
              + """
              mine.fence = math.max(number(mine.fence), tonumber(ARGV[2]), now) + 1
              mine['until'] = 0
              mine.soon = now
              redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(mine))
              return {mine.fence, cjson.encode(mine)}
              """,
          List.class);

  /**
   * The right to refresh an endpoint, for a while.
   *
   * @param fence higher than that of every earlier lease of the endpoint
   * @param began when it was taken, by the clock of Redis
   */
  public record Lease(String path, long fence, Instant began) {}

  private final Map<String, State> states = new ConcurrentHashMap<>();

  /** Updates that Redis did not accept. */
  private final Queue<Runnable> untold = new ConcurrentLinkedQueue<>();

  private final RedisConnection redis;
  private final StoreClock clock;
  private final String key;
  private final long millis;

  /** A lease of this instance counts as free: the answer that granted it may have been lost. */
  private final String me;

  /**
   * @param me the name of this instance
   * @param clock is set from the answers of Redis
   */
  public Leases(
      RedisConnection redis, Keys keys, Settings.GitHub settings, String me, StoreClock clock) {
    this.redis = redis;
    this.clock = clock;
    this.me = me;
    key = keys.of("refreshes");
    // a lease outlives the slowest page
    millis = settings.connectTimeout().plus(settings.answerTimeout()).plusSeconds(5).toMillis();
  }

  /** The time by the clock of Redis, as far as it is known. */
  public Instant now() {
    return clock.instant();
  }

  /** The state of an endpoint when Redis was last read. */
  public State state(String path) {
    return states.getOrDefault(path, State.NONE);
  }

  /** How long an endpoint still backs off; zero if it does not. */
  public Duration pause(String path) {
    long left = state(path).notBefore() - now().toEpochMilli();
    return Duration.ofMillis(Math.max(0, left));
  }

  /** Repeats an update, which Redis did not accept, when Redis is back. */
  void later(Runnable update) {
    untold.add(update);
  }

  /** Whether Redis has accepted all updates; if not, the state of an endpoint may be newer. */
  boolean isAllTold() {
    return untold.isEmpty();
  }

  /** Reads what other instances have done, and repeats updates. */
  void look() {
    setClock(run(LOOK, ""));
    Map<String, State> now = new HashMap<>();
    redis
        .<String, byte[]>opsForHash()
        .entries(key)
        .forEach((path, state) -> now.put(path, read(state)));
    states.keySet().retainAll(now.keySet());
    states.putAll(now);
    for (Runnable update = untold.peek(); update != null; update = untold.peek()) {
      update.run();
      untold.remove(update);
    }
  }

  /**
   * Takes the lease of an endpoint if it is due, no other process holds it, and fewer than the
   * maximum are taken. This process must not be refreshing it.
   *
   * @param every its interval
   * @param cold whether it is due regardless of its interval; a pause after failures still counts
   * @param above the fence of the known entry, in case Redis has lost it
   * @return the lease, or null if it is not available
   */
  Lease acquire(String path, Duration every, boolean cold, long above) {
    List<?> answer = run(ACQUIRE, path, every.toMillis(), millis, MOST_AT_ONCE, cold, above, me);
    long fence = (Long) answer.get(0);
    Instant now = setClock((Long) answer.get(1));
    keep(path, (byte[]) answer.get(2));
    return fence == 0 ? null : new Lease(path, fence, now);
  }

  /** How often to renew a lease, so that it outlasts the refresh. */
  Duration renewal() {
    return Duration.ofMillis(millis / 3);
  }

  /** Extends a lease; false if a newer one has been granted. */
  boolean renew(Lease lease) {
    return run(RENEW, lease.path(), lease.fence(), millis) == 1;
  }

  /**
   * Gives a lease back.
   *
   * @param pause until the endpoint may be refreshed again
   * @param again whether to look again after 10 and 30 s, provided that an event caused the
   *     refresh: GitHub may answer from a copy that does not have the change yet
   * @return false if a newer lease has been granted, and the result is dropped
   */
  boolean release(Lease lease, State.Result result, Duration pause, boolean again) {
    String json = JSON.valueToTree(result).toString();
    byte[] state = run(RELEASE, lease.path(), lease.fence(), json, pause.toMillis(), again);
    if (state != null) {
      keep(lease.path(), state);
    }
    return state != null;
  }

  /**
   * Makes an endpoint due after a while, regardless of its interval.
   *
   * @param atOnce whether to end its pause too
   */
  void soon(String path, Duration after, boolean atOnce) {
    keep(path, run(SOON, path, after.toMillis(), atOnce));
  }

  /**
   * Revokes the lease of an endpoint, if any, and makes it due.
   *
   * @param above the fence of the known entry, in case Redis has lost it
   * @return a fence that is higher than those of all leases so far
   */
  public long revoke(String path, long above) {
    List<?> answer = run(REVOKE, path, above);
    keep(path, (byte[]) answer.get(1));
    return (Long) answer.get(0);
  }

  private <T> T run(RedisScript<T> script, Object... arguments) {
    return redis.run(script, key, arguments);
  }

  private Instant setClock(long millis) {
    Instant now = Instant.ofEpochMilli(millis);
    clock.set(now);
    return now;
  }

  private void keep(String path, byte[] state) {
    states.put(path, read(state));
  }

  private static State read(byte[] json) {
    try {
      State state = JSON.readValue(json, State.class);
      return state == null ? State.NONE : state;
    } catch (IOException e) {
      return State.NONE;
    }
  }
}
