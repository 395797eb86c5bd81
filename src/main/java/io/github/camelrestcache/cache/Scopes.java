package io.github.camelrestcache.cache;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.store.Changes;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.RedisConnection;
import java.net.URLDecoder;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.Body;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.script.RedisScript;

/**
 * Invalidates stored answers (RFC 9111 4.4). What a write or an event may change at once is a
 * <i>scope</i>: a repository, an organization, a user or a gist, with all paths below it. Each
 * scope has a <i>mark</i>. An answer is stored with the mark of the time when GitHub was asked. If
 * the mark has changed since, the answer needs validation, which is free if nothing has changed.
 *
 * <p>In Redis a scope is a hash with {@code mark}; with a field for each purged path, whose value
 * is part of the keys of answers; and with {@code same}, the scope's other name: GitHub's links
 * name repositories and organizations by number. A mark is created before GitHub is asked, and
 * removed by a change, so writes leave nothing in Redis.
 */
public final class Scopes {

  /** Longer than the lifetime of any entry. */
  static final Duration KEPT = Entries.LONGEST.plus(Entries.STALE);

  /** Longer than any request takes; then something is stored, or nothing is. */
  private static final Duration UNTIL_STORED = Duration.ofMinutes(10);

  private static final int MOST_OUTLIVED = 10_000;

  private static final Pattern SCOPE = Pattern.compile("/repos/[^/]+/[^/]+|/[^/]*(/[^/]+)?");
  private static final Pattern NUMBER =
      Pattern.compile("/(?:repositories|organizations|user)/\\d+(?![^/?>])");

  /** A number in the path of a link. */
  private static final Pattern LINKED = Pattern.compile("<[^>?]*?(" + NUMBER.pattern() + ")");

  /** Creates the mark of a scope, unless it exists, and answers with it. */
  private static final RedisScript<byte[]> CREATE =
      RedisScript.of(
          """
          if redis.call('HSETNX', KEYS[1], 'mark', ARGV[1]) == 1 then
            if redis.call('TTL', KEYS[1]) < 0 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
          end
          return redis.call('HGET', KEYS[1], 'mark')
          """,
          byte[].class);

  /**
   * Where a path belongs.
   *
   * @param path the path in its plain form
   * @param scope the name of its scope, by name if that is known
   */
  record Place(String path, String scope) {}

  /**
   * The version of a path.
   *
   * @param purge changes with each purge of the path
   * @param mark changes with each write or event in the scope of the path; empty if the scope has
   *     none
   */
  record Version(String purge, String mark) {}

  private final RedisConnection redis;
  private final Keys keys;
  private final Changes changes;

  /** The names of scopes by their numbers. */
  private final Cache<String, String> names =
      Caffeine.newBuilder()
          .executor(Runnable::run)
          .maximumSize(10_000)
          .expireAfterWrite(Duration.ofHours(1)) // a repository may be renamed
          .build();

  /** The scopes whose mark Redis has not removed yet. */
  private final Set<String> outlived = ConcurrentHashMap.newKeySet();

  public Scopes(RedisConnection redis, Keys keys, Changes changes) {
    this.redis = redis;
    this.keys = keys;
    this.changes = changes;
    redis.onReturn(() -> outlived.forEach(this::change));
  }

  /** The scope of a path in its plain form. */
  static String of(String plainPath) {
    Matcher scope = SCOPE.matcher(plainPath);
    return scope.lookingAt() ? scope.group() : plainPath;
  }

  /** Normalises a path without its query: GitHub treats such paths alike. */
  static String plain(String path) {
    String decoded = path.replaceFirst("\\?.*", "");
    try {
      decoded = URLDecoder.decode(decoded.replace("+", "%2B"), UTF_8);
    } catch (IllegalArgumentException e) {
      // keep it as it is
    }
    String plain = decoded.toLowerCase(Locale.ROOT).replaceAll("/+$", "");
    return plain.startsWith("/") ? plain : "/" + plain;
  }

  /** Where a path belongs; asks Redis for the name of a number that is not known here. */
  Place place(String path) {
    String plain = plain(path);
    return new Place(plain, named(of(plain)));
  }

  private String named(String scope) {
    if (!NUMBER.matcher(scope).matches()) {
      return scope;
    }
    String name = names.getIfPresent(scope);
    if (name == null) {
      try {
        byte[] same = redis.<String, byte[]>opsForHash().get(key(scope), "same");
        if (same != null) {
          name = new String(same, UTF_8);
          names.put(scope, name);
        }
      } catch (DataAccessException e) {
        // it is asked again with the next request
      }
    }
    return name == null ? scope : name;
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
   * The version of a path now.
   *
   * @return null if Redis has not accepted a change: then nothing may be read or stored
   * @throws DataAccessException if Redis does not answer
   */
  Version version(Place place) {
    String scope = place.scope();
    if (outlived.contains(scope) && !change(scope)) {
      return null;
    }
    String key = key(scope);
    List<String> fields = List.of("mark", place.path());
    List<byte[]> values =
        redis.replacing(key, () -> redis.<String, byte[]>opsForHash().multiGet(key, fields));
    return new Version(text(values.get(1)), text(values.get(0)));
  }

  /** The text of a value, empty if it is null. */
  private static String text(byte[] value) {
    return value == null ? "" : new String(value, UTF_8);
  }

  /**
   * Creates the mark of a scope, before GitHub is asked.
   *
   * @return empty if Redis does not accept it: then nothing can be stored
   */
  String create(Place place) {
    try {
      String mark = UUID.randomUUID().toString();
      byte[] created = redis.run(CREATE, key(place.scope()), mark, UNTIL_STORED.toSeconds());
      return new String(created, UTF_8);
    } catch (DataAccessException e) {
      return "";
    }
  }

  /** Keeps a new scope, because an answer was stored. Without it, answers need validation. */
  void keep(Place place) {
    try {
      keep(key(place.scope()));
    } catch (DataAccessException e) {
      // the answers of the scope need validation sooner
    }
  }

  /** Keeps a key for a day, unless it is kept for longer, because of a purge. */
  private void keep(String key) {
    if (redis.getExpire(key) < Entries.STALE.toSeconds()) {
      redis.expire(key, Entries.STALE);
    }
  }

  /** Learns from a {@code Link} what GitHub calls the scope of a path by number. */
  void learn(Place place, String link) {
    if (link == null || NUMBER.matcher(place.scope()).matches()) {
      return;
    }
    LINKED
        .matcher(link.toLowerCase(Locale.ROOT))
        .results()
        .map(number -> number.group(1))
        .distinct()
        .filter(number -> !place.scope().equals(names.getIfPresent(number)))
        .forEach(
            number -> {
              try {
                redis.opsForHash().put(key(number), "same", place.scope().getBytes(UTF_8));
                keep(key(number));
                names.put(number, place.scope());
              } catch (DataAccessException e) {
                // it is learned again
              }
            });
  }

  /** Invalidates the scope of a path after a write, and the list of all such scopes. */
  void written(String path) {
    String scope = place(path).scope();
    invalidate(scope);
    String list = scope.replaceFirst("/[^/]*$", "");
    if (!list.isEmpty() && !scope.startsWith("/repos/")) {
      invalidate(list); // such as /gists and /notifications
    }
  }

  /**
   * Invalidates a scope. If Redis refuses writes, that is repeated when it accepts them.
   *
   * @param scope by name or by number
   */
  public void invalidate(@Body String scope) {
    String name = named(scope);
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
    Place place = place(path);
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
