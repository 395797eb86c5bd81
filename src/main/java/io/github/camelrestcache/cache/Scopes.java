package io.github.camelrestcache.cache;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.cache.Places.Place;
import io.github.camelrestcache.store.Changes;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.RedisConnection;
import io.github.camelrestcache.upstream.UpstreamRequest;
import io.github.camelrestcache.upstream.UpstreamResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.camel.Body;
import org.apache.camel.Variable;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.connection.RedisScriptingCommands;
import org.springframework.data.redis.connection.ReturnType;
import org.springframework.data.redis.core.RedisCallback;

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

  private static final int MOST_OUTLIVED = 10_000;

  /**
   * The mark of a scope and the purge of a path. Creates the mark unless it exists, if it may and
   * Redis accepts writes.
   */
  private static final byte[] LOOK =
      """
      local mark = redis.call('HGET', KEYS[1], 'mark')
      if not mark and ARGV[2] ~= '' then
        if type(redis.pcall('HSET', KEYS[1], 'mark', ARGV[2])) == 'number' then
          mark = ARGV[2]
          if redis.call('TTL', KEYS[1]) < 0 then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
        end
      end
      return {mark, redis.call('HGET', KEYS[1], ARGV[1])}
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

  /**
   * The version of a path.
   *
   * @param purge changes with each purge of the path
   * @param mark changes with each write or event in the scope of the path; empty if Redis refuses
   *     writes and the scope has none
   * @param isNew whether the mark has just been created
   */
  record Version(String purge, String mark, boolean isNew) {}

  private final RedisConnection redis;
  private final Keys keys;
  private final Places places;
  private final Changes changes;

  /** The scopes whose mark Redis has not removed yet. */
  private final Set<String> outlived = ConcurrentHashMap.newKeySet();

  public Scopes(RedisConnection redis, Keys keys, Places places, Changes changes) {
    this.places = places;
    this.redis = redis;
    this.keys = keys;
    this.changes = changes;
    redis.onReturn(() -> outlived.forEach(this::change));
  }

  /** Notes that the stored answer for a path may have changed. */
  void changed(Place place) {
    changes.note(place.path());
  }

  /** The counters of changes to a path, its scope and a credential. */
  Changes.Stamp stamp(Place place, String credential) {
    return changes.stamp(place.path(), place.scope(), credential);
  }

  /**
   * Reads the version of a path and something else in one round trip.
   *
   * @param creates whether GitHub may be asked, so that the scope needs a mark
   * @return the version and the result of the callback, or null if Redis has not accepted a change:
   *     then nothing may be read or stored
   * @throws DataAccessException if Redis does not answer
   */
  List<Object> look(Place place, boolean creates, RedisCallback<?> callback) {
    String scope = place.scope();
    if (outlived.contains(scope) && !change(scope)) {
      return null;
    }
    String key = key(scope);
    String created = creates ? UUID.randomUUID().toString() : "";
    List<Object> values =
        redis.replacing(
            key,
            () ->
                redis.together(
                    connection ->
                        eval(
                            connection.scriptingCommands(),
                            LOOK,
                            key,
                            place.path(),
                            created,
                            UNTIL_STORED),
                    callback));
    List<?> version = (List<?>) values.get(0);
    String mark = text(version.get(0));
    values.set(0, new Version(text(version.get(1)), mark, creates && mark.equals(created)));
    return values;
  }

  /** Stores something, and keeps the scope if its mark is new, in one round trip. */
  void keep(Place place, Version version, RedisCallback<?> store) {
    if (version.isNew()) {
      String key = key(place.scope());
      redis.together(
          store, connection -> eval(connection.scriptingCommands(), KEEP, key, Responses.STALE));
    } else {
      redis.together(store);
    }
  }

  private static Object eval(
      RedisScriptingCommands commands, byte[] script, String key, Object... arguments) {
    byte[][] all = new byte[1 + arguments.length][];
    all[0] = key.getBytes(UTF_8);
    for (int i = 0; i < arguments.length; i++) {
      Object each = arguments[i];
      String text = each instanceof Duration time ? "" + time.toSeconds() : each.toString();
      all[i + 1] = text.getBytes(UTF_8);
    }
    return commands.eval(script, ReturnType.MULTI, 1, all);
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
      outlived.remove(scope);
      return true;
    } catch (DataAccessException e) {
      if (outlived.size() < MOST_OUTLIVED) {
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

  private void announce(String name) {
    changes.note(name);
    try {
      redis.convertAndSend(keys.of("published"), (Changes.WRITTEN + name).getBytes(UTF_8));
    } catch (DataAccessException e) {
      // the others read Redis again soon
    }
  }

  private String key(String scope) {
    return keys.of("forward:scope:" + Hash.of(scope));
  }
}
