package io.github.camelrestcache.cache;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.ContextBean;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.lane.FastLane;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.Near;
import io.github.camelrestcache.store.RedisConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.BindToRegistry;
import org.apache.camel.Body;
import org.springframework.data.redis.core.Cursor;
import org.springframework.data.redis.core.ScanOptions;

/**
 * What an operator has thrown away. Endpoints and views are removed from Redis and from the memory
 * of all instances. Answers to forwarded requests, which Redis knows by a hash alone, are not found
 * again: each purge has a mark, which is part of the {@linkplain Entries generation} of the paths
 * that it names. Marks are in Redis, and known to each instance at once by a message, or else
 * within {@code NEAR_CACHE_MAX_AGE}.
 *
 * <p>All methods throw a {@link org.springframework.dao.DataAccessException} without Redis.
 */
@BindToRegistry(value = "purges", initMethod = "start")
public class Purges extends ContextBean {

  /** How the message begins; what was purged follows. */
  static final String PURGED = "purged ";

  /** Longer than any entry is kept. */
  private static final Duration KEPT = Duration.ofDays(32);

  private static final Pattern STORED = Pattern.compile(".*:(?:endpoint|view):\\{([^}]*)}.*");

  private final Map<String, String> marks = new TreeMap<>();
  private RedisConnection redis;
  private Catalog catalog;
  private Near near;
  private FastLane lane;
  private String key;
  private String channel;
  private String stored;

  /** Reads the settings. */
  public void start() {
    key = Keys.of(context, "purges");
    channel = Keys.of(context, "published");
    stored = Keys.of(context, "");
  }

  @Override
  protected void wire() {
    redis = bean(RedisConnection.class);
    catalog = bean(Catalog.class);
    near = bean(Near.class);
    lane = bean(FastLane.class);
  }

  /**
   * Throws away what is stored of a path, with whatever query.
   *
   * @param below of all paths that begin with it, too
   * @return the endpoints of which something was stored in Redis
   */
  public List<String> purge(String path, boolean below) {
    String what = (below ? "*" : "=") + Entries.plain(path);
    byte[] mark = UUID.randomUUID().toString().getBytes(UTF_8);
    redis.<String, Object>opsForHash().put(key, what, mark);
    redis.expire(key, KEPT);
    forget(what);
    List<String> removed = remove(what);
    redis.convertAndSend(channel, (PURGED + what).getBytes(UTF_8));
    forget(what);
    load();
    return removed;
  }

  private List<String> remove(String what) {
    List<String> keys = new ArrayList<>();
    List<String> paths = new ArrayList<>();
    ScanOptions all = ScanOptions.scanOptions().match(glob(stored) + "*").count(1000).build();
    try (Cursor<String> cursor = redis.scan(all)) {
      cursor.forEachRemaining(
          each -> {
            Matcher named = STORED.matcher(each);
            if (named.matches() && isMeant(what, Entries.plain(named.group(1)))) {
              keys.add(each);
              paths.add(named.group(1));
            }
          });
    }
    redis.delete(keys);
    return paths.stream().distinct().sorted().toList();
  }

  /** A text as a pattern of Redis that is that text. */
  private static String glob(String text) {
    return text.replaceAll("[\\\\*?\\[\\]^-]", "\\\\$0");
  }

  /** Hears of a purge by another instance. */
  public void heard(@Body String message) {
    forget(message.substring(PURGED.length()));
    load();
  }

  private void forget(String what) {
    for (CachedEndpoint each : catalog.endpoints()) {
      if (isMeant(what, Entries.plain(each.path()))) {
        near.forget(each);
        catalog.views().stream()
            .filter(view -> view.list().equals(each.path()))
            .forEach(near::forgetRanked);
      }
    }
  }

  /** Looks what was purged. */
  public void load() {
    Map<String, String> now = new HashMap<>();
    redis
        .<String, byte[]>opsForHash()
        .entries(key)
        .forEach((what, mark) -> now.put(what, new String(mark, UTF_8)));
    boolean news;
    synchronized (marks) {
      news = !marks.equals(now);
      marks.clear();
      marks.putAll(now);
    }
    if (news) {
      lane.clear();
    }
  }

  /** What a path's generation has of purges: nothing, mostly. */
  String mark(String plainPath) {
    synchronized (marks) {
      StringBuilder mark = new StringBuilder();
      for (Entry<String, String> each : marks.entrySet()) {
        if (isMeant(each.getKey(), plainPath)) {
          mark.append(' ').append(each.getValue());
        }
      }
      return mark.toString();
    }
  }

  private static boolean isMeant(String what, String plainPath) {
    String path = what.substring(1);
    return what.startsWith("*") ? plainPath.startsWith(path) : plainPath.equals(path);
  }
}
