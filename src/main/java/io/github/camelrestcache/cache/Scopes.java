package io.github.camelrestcache.cache;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.cache.Places.Place;
import io.github.camelrestcache.store.Changes;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.RedisConnection;
import io.github.camelrestcache.store.RedisConnection.Command;
import io.github.camelrestcache.upstream.UpstreamRequest;
import io.github.camelrestcache.upstream.UpstreamResponse;
import io.lettuce.core.KeyValue;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.camel.Body;
import org.apache.camel.Variable;
import org.springframework.dao.DataAccessException;

/**
 * Invalidates stored responses (RFC 9111 4.4). Each scope ({@link Places}) has a <i>mark</i>. A
 * response is stored with the mark of the time when GitHub was asked. If the mark has changed
 * since, the response needs validation, which is free if nothing has changed.
 *
 * <p>In Redis a scope is a hash with {@code mark}, and with a field for each purged path, whose
 * value is stored with responses, too. A mark is created before GitHub is asked, and removed by a
 * change, so writes leave nothing in Redis.
 */
public final class Scopes {

  /** Longer than the lifetime of any entry. */
  static final Duration KEPT = Responses.LONGEST.plus(Responses.STALE);

  /** Longer than any request takes; then something is stored, or nothing is. */
  private static final Duration UNTIL_STORED = Duration.ofMinutes(10);

  private static final int MAX_OUTLIVED = 10_000;

  private static final byte[] MARK = "mark".getBytes(UTF_8);

  /** Creates the mark of a scope, unless it exists, and answers with it. */
  private static final byte[] CREATE =
      """
      if redis.call('HSETNX', KEYS[1], 'mark', ARGV[1]) == 1 then
        if redis.call('TTL', KEYS[1]) < 0 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
      end
      return {redis.call('HGET', KEYS[1], 'mark')}
      """
          .getBytes(UTF_8);

  /** Keeps a key for a time, unless it is kept for longer, because of a purge. */
  private static final byte[] KEEP =
      """
      if redis.call('TTL', KEYS[1]) < tonumber(ARGV[1]) then
        redis.call('EXPIRE', KEYS[1], ARGV[1])
      end
      return {}
      """
          .getBytes(UTF_8);

  /** Numbers a change, unless Redis is full, and announces it. */
  private static final byte[] ANNOUNCE =
      """
      local number = redis.pcall('INCR', KEYS[1])
      if type(number) ~= 'number' then number = 0 end
      redis.call('PUBLISH', ARGV[1], ARGV[2] .. number .. ' ' .. ARGV[3])
      return {}
      """
          .getBytes(UTF_8);

  /**
   * The version of a path.
   *
   * @param purge changes with each purge of the path
   * @param mark changes with each write or event in the scope of the path; empty if Redis refuses
   *     writes and the scope has none
   */
  record Version(String purge, String mark) {}

  private final RedisConnection redis;
  private final Keys keys;
  private final Places places;
  private final Changes changes;
  private final String changesKey;

  /** The marks of the scopes that were kept within the hour. */
  private final Cache<String, String> kept =
      Caffeine.newBuilder()
          .executor(Runnable::run)
          .maximumSize(10_000)
          .expireAfterWrite(Duration.ofHours(1))
          .build();

  /** The scopes whose mark Redis has not removed yet. */
  private final Set<String> outlived = ConcurrentHashMap.newKeySet();

  public Scopes(RedisConnection redis, Keys keys, Places places, Changes changes) {
    this.places = places;
    this.redis = redis;
    this.keys = keys;
    this.changes = changes;
    changesKey = keys.of("changes");
  }

  /** The counters of changes to a path, its scope and a credential. */
  Changes.Stamp stamp(Place place, String credential) {
    return changes.stamp(place.path(), place.scope(), credential);
  }

  /** The command that reads the version of a path. */
  Command read(Place place) {
    byte[] key = key(place.scope()).getBytes(UTF_8);
    byte[] path = place.path().getBytes(UTF_8);
    return to -> to.hmget(key, MARK, path);
  }

  /** The version of a path from the answer to {@link #read}. */
  static Version version(Object answer) {
    @SuppressWarnings("unchecked")
    var fields = (List<KeyValue<byte[], byte[]>>) answer;
    return new Version(
        text(fields.get(1).getValueOrElse(null)), text(fields.get(0).getValueOrElse(null)));
  }

  /** Whether Redis has not accepted a change of the scope: then nothing may be read or stored. */
  boolean isOutlived(Place place) {
    return outlived.contains(place.scope());
  }

  /**
   * Reads the version of a path and sends other commands in one round trip.
   *
   * @return the answers, or null if Redis has not accepted a change of the scope
   * @throws DataAccessException if Redis does not answer
   */
  List<Object> look(Place place, Command... commands) {
    return isOutlived(place) && !change(place.scope())
        ? null
        : redis.replacing(key(place.scope()), () -> redis.together(commands));
  }

  /** Creates the mark of a scope; returns an empty text if Redis refuses writes. */
  String create(Place place) {
    try {
      String key = key(place.scope());
      var answers = redis.together(eval(CREATE, key, UUID.randomUUID(), UNTIL_STORED));
      List<?> mark = (List<?>) answers.get(0);
      return text(mark.get(0));
    } catch (DataAccessException e) {
      return "";
    }
  }

  /** Sends commands that store something, and keeps the scope for a day, once an hour. */
  void keep(Place place, Version version, List<Command> commands) {
    List<Command> all = new ArrayList<>(commands);
    boolean isKept = version.mark().equals(kept.getIfPresent(place.scope()));
    if (!isKept) {
      all.add(eval(KEEP, key(place.scope()), Responses.STALE));
    }
    redis.together(all.toArray(Command[]::new));
    kept.put(place.scope(), version.mark());
  }

  private static Command eval(byte[] script, String key, Object... arguments) {
    byte[][] values = new byte[arguments.length][];
    for (int i = 0; i < arguments.length; i++) {
      Object each = arguments[i];
      String text = each instanceof Duration time ? "" + time.toSeconds() : each.toString();
      values[i] = text.getBytes(UTF_8);
    }
    byte[][] keys = {key.getBytes(UTF_8)};
    return to -> to.eval(script, ScriptOutputType.MULTI, keys, values);
  }

  /** The text of a value, empty if it is null. */
  private static String text(Object value) {
    return value == null ? "" : new String((byte[]) value, UTF_8);
  }

  /** Invalidates what a write changes, if GitHub has accepted it (RFC 9111 4.4). */
  public void written(
      @Variable("ask") UpstreamRequest ask, @Variable("answered") UpstreamResponse answered) {
    if (answered.status() < 400) {
      places.written(ask, answered).forEach(this::invalidate);
    }
  }

  /**
   * Invalidates a scope. If Redis refuses writes, that is repeated when it accepts them.
   *
   * @param scope by name or by number
   */
  public void invalidate(@Body String scope) {
    String name = places.named(scope);
    change(name);
    announce(name);
  }

  /** Returns false if Redis does not accept it. */
  private boolean change(String scope) {
    try {
      String key = key(scope); // a removal, because a full Redis accepts it
      redis.replacing(key, () -> redis.opsForHash().delete(key, "mark"));
      if (outlived.remove(scope)) {
        announce(scope); // late
      }
      return true;
    } catch (DataAccessException e) {
      if (outlived.size() < MAX_OUTLIVED) {
        outlived.add(scope);
      }
      return false;
    }
  }

  /**
   * Forgets what is stored for a path.
   *
   * @throws DataAccessException without Redis
   */
  void forget(String path) {
    Place place = places.of(path);
    String key = key(place.scope());
    Map<String, Object> version =
        Map.of(place.path(), UUID.randomUUID().toString().getBytes(UTF_8));
    redis.replacing(
        key,
        () -> {
          redis.opsForHash().putAll(key, version);
          return redis.expire(key, KEPT);
        });
    announce(place.path());
  }

  /** Tells all instances that stored responses of a path, scope or credential are not current. */
  void announce(String name) {
    changes.note(name);
    try {
      String channel = keys.of("published");
      redis.together(eval(ANNOUNCE, changesKey, channel, Changes.WRITTEN, name));
    } catch (DataAccessException e) {
      // without Redis, no instance uses what it has in memory
    }
  }

  /** Finds out whether an announcement was lost. */
  public void watch() {
    long since = System.nanoTime();
    byte[] latest = (byte[]) redis.opsForValue().get(changesKey);
    outlived.forEach(this::change);
    changes.compare(latest == null ? 0 : Long.parseLong(new String(latest, UTF_8)), since);
  }

  private String key(String scope) {
    return keys.of("forward:scope:" + Hash.of(scope));
  }
}
