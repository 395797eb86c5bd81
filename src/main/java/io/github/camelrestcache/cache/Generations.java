package io.github.camelrestcache.cache;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.store.Changes;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.RedisConnection;
import io.github.camelrestcache.upstream.UpstreamRequest;
import java.net.URLDecoder;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.springframework.dao.DataAccessException;

/**
 * Invalidates stored answers by version, whatever their query and partition: each path has a
 * <i>generation</i>, which is part of the keys of its {@link Entries}. A write replaces it, so that
 * neither earlier entries nor those of requests in flight are found again. A purge of a path
 * replaces it too, and a purge of a prefix adds a mark ({@link Purges}).
 */
final class Generations {

  /** Longer than the lifetime of any entry. */
  static final Duration KEPT = Entries.LONGEST.plus(Entries.STALE);

  private static final int MOST_OUTLIVED = 10_000;

  /** More levels than paths of GitHub have. */
  private static final int MOST_ABOVE = 64;

  private final RedisConnection redis;
  private final Changes changes;
  private final Purges purges;
  private final Consumer<DataAccessException> failed;
  private final Keys keys;
  private final String channel;

  /** The paths whose invalidation Redis has not accepted yet. */
  private final Set<String> outlived = ConcurrentHashMap.newKeySet();

  /**
   * @param failed receives the failures of Redis
   */
  Generations(
      RedisConnection redis,
      Keys keys,
      Changes changes,
      Purges purges,
      Consumer<DataAccessException> failed) {
    this.redis = redis;
    this.changes = changes;
    this.purges = purges;
    this.failed = failed;
    this.keys = keys;
    this.channel = keys.of("published");
    redis.onReturn(() -> outlived.forEach(this::renew));
  }

  /**
   * The generation of a path.
   *
   * @return null if Redis does not answer or has not accepted an invalidation: then nothing may be
   *     read or stored
   */
  String of(String path) {
    String plain = plain(path);
    if (outlived.contains(plain) && !renew(plain)) {
      return null;
    }
    try {
      byte[] generation = (byte[]) redis.opsForValue().get(key(keys, plain));
      return (generation == null ? "" : new String(generation, UTF_8)) + purges.mark(plain);
    } catch (DataAccessException e) {
      failed.accept(e);
      return null;
    }
  }

  /**
   * Invalidates what is stored for a path, the requests in flight, and the paths above it: an
   * edited issue is in the list of issues and counted in the repository. If Redis refuses writes,
   * that is repeated when it accepts them.
   */
  void invalidate(String path) {
    String plain = plain(path);
    String each = plain;
    for (int above = 0; !each.isEmpty() && above <= MOST_ABOVE; above++) {
      renew(each);
      each = each.substring(0, each.lastIndexOf('/'));
    }
    changes.notePath(plain);
    try {
      redis.convertAndSend(channel, (Changes.WRITTEN + plain).getBytes(UTF_8));
    } catch (DataAccessException e) {
      // the others read Redis again soon
    }
  }

  /** Records that the stored answer for a path may have changed. */
  void changed(String path) {
    changes.note(plain(path));
  }

  /** The stamp of the path and the credential of a request. */
  Changes.Stamp stamp(UpstreamRequest ask) {
    return changes.stamp(plain(ask.path()), ask.credential());
  }

  /** Returns false if Redis does not accept it. */
  private boolean renew(String plainPath) {
    try {
      renew(redis, keys, plainPath);
      outlived.remove(plainPath);
      return true;
    } catch (DataAccessException e) {
      if (outlived.size() < MOST_OUTLIVED) {
        outlived.add(plainPath);
      } else {
        failed.accept(e);
      }
      return false;
    }
  }

  /** Gives a path a new generation. */
  static void renew(RedisConnection redis, Keys keys, String plainPath) {
    byte[] generation = UUID.randomUUID().toString().getBytes(UTF_8);
    redis.opsForValue().set(key(keys, plainPath), generation, KEPT);
  }

  private static String key(Keys keys, String plainPath) {
    return keys.of("forward:generation:" + Hash.of(plainPath));
  }

  /** Normalises a path without its query: paths that GitHub treats alike share a generation. */
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
}
