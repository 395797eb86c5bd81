package io.github.camelrestcache.cache;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.refresh.Leases;
import io.github.camelrestcache.store.Changes;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.Near;
import io.github.camelrestcache.store.RedisConnection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.springframework.dao.InvalidDataAccessApiUsageException;

/**
 * The purges by operators. Endpoints and views are removed from Redis and from the near caches,
 * which do not accept earlier entries again. Forwarded answers, which Redis stores under a hash,
 * are not found again: each purge has a mark, its time, which is part of the {@linkplain
 * Generations generation} of the paths that it covers. Marks are in Redis. A message announces
 * them; without it, each instance reads them within a second.
 *
 * <p>All methods throw a {@link org.springframework.dao.DataAccessException} without Redis.
 */
public final class Purges {

  /** By the purged paths: {@code =} and a path, or {@code *} and a prefix of paths. */
  private final Map<String, String> marks = new ConcurrentHashMap<>();

  private final RedisConnection redis;
  private final Keys keys;
  private final Catalog catalog;
  private final Near near;
  private final Leases leases;
  private final Changes changes;
  private final String key;

  public Purges(
      RedisConnection redis,
      Keys keys,
      Catalog catalog,
      Near near,
      Leases leases,
      Changes changes) {
    this.redis = redis;
    this.keys = keys;
    this.catalog = catalog;
    this.near = near;
    this.leases = leases;
    this.changes = changes;
    key = keys.of("purges");
  }

  /**
   * Removes what is stored for a path, with any query.
   *
   * @param below whether to include all paths that begin with it
   * @return the endpoints that were stored in Redis
   */
  public List<String> purge(String path, boolean below) {
    String plain = Generations.plain(path);
    boolean folder = below && path.endsWith("/") && !plain.equals("/");
    String what = (below ? "*" : "=") + plain + (folder ? "/" : "");
    redis.opsForHash().put(key, what, Long.toString(fence(what)).getBytes(UTF_8));
    redis.expire(key, Generations.KEPT);
    load();
    List<String> removed = remove(what);
    redis.convertAndSend(keys.of("published"), "purged".getBytes(UTF_8));
    return removed;
  }

  /** A number above the fences of all leases so far, which are times or one above the previous. */
  private long fence(String what) {
    return catalog.endpoints().stream()
        .filter(endpoint -> isMeant(what, endpoint.path()))
        .map(near::entry)
        .mapToLong(entry -> entry == null ? 0 : entry.fence())
        .reduce(leases.now().toEpochMilli(), Math::max);
  }

  /** Removes endpoints and views of this upstream, whose keys are the only ones with braces. */
  private List<String> remove(String what) {
    Pattern ours = Pattern.compile(Pattern.quote(keys.of("")) + "(?:endpoint|view):\\{([^}]*)}.*");
    // escape the text for a pattern of Redis
    String pattern = keys.of("").replaceAll("[\\\\*?\\[\\]^-]", "\\\\$0") + "*{*";
    Map<String, String> paths = new HashMap<>();
    redis.eachKey(
        pattern,
        each -> {
          Matcher named = ours.matcher(each);
          if (named.matches() && isMeant(what, named.group(1))) {
            paths.put(each, named.group(1));
          }
        });
    redis.delete(paths.keySet());
    return paths.values().stream().distinct().sorted().toList();
  }

  /** Reads and applies the purges of all instances. */
  public void load() {
    Map<String, String> now = new HashMap<>();
    try {
      redis
          .<String, byte[]>opsForHash()
          .entries(key)
          .forEach((what, fence) -> now.put(what, new String(fence, UTF_8)));
    } catch (InvalidDataAccessApiUsageException e) {
      if (!e.getMessage().startsWith("WRONGTYPE")) {
        throw e;
      }
      redis.delete(key); // not written by this service
    }
    now.values().removeIf(fence -> !fence.matches("\\d{1,18}"));
    if (now.equals(marks)) {
      return;
    }
    now.forEach(
        (what, fence) -> {
          if (!fence.equals(marks.put(what, fence))) {
            forget(what, Long.parseLong(fence));
          }
        });
    marks.keySet().retainAll(now.keySet());
    changes.noteAll();
  }

  private void forget(String what, long fence) {
    for (CachedEndpoint each : catalog.endpoints()) {
      Entry here = near.entry(each);
      if (isMeant(what, each.path()) && (here == null || here.fence() <= fence)) {
        near.forget(each, fence);
        catalog.views().stream()
            .filter(view -> view.list().equals(each.path()))
            .forEach(near::forgetRanked);
      }
    }
  }

  /** The part of a path's generation that comes from purges, usually empty. */
  String mark(String plainPath) {
    return marks.entrySet().stream()
        .filter(each -> isPlainMeant(each.getKey(), plainPath))
        .map(each -> " " + each)
        .sorted()
        .collect(Collectors.joining());
  }

  private static boolean isMeant(String what, String path) {
    return isPlainMeant(what, Generations.plain(path));
  }

  private static boolean isPlainMeant(String what, String plain) {
    String named = what.substring(1);
    return what.startsWith("*") ? plain.startsWith(named) : plain.equals(named);
  }
}
