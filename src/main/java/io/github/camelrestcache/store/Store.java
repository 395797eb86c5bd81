package io.github.camelrestcache.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.catalog.View;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.camel.Body;
import org.apache.camel.Variable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.HashOperations;
import org.springframework.data.redis.core.script.RedisScript;

/**
 * The endpoints and views in Redis, each a hash. An endpoint has {@code version}, {@code form},
 * {@code fetched} and {@code changed} (seconds since 1970), {@code fence}, {@code written}, {@code
 * pages} (JSON) and {@code gzip}, see {@link Entry}; a view has {@code stamp}, {@code top} and
 * {@code bottom}. A purged endpoint has only {@code fence}. An unreadable hash counts as absent and
 * is logged once.
 *
 * <p>An endpoint is written at once and announced to all instances, unless a later lease has
 * published. Methods for endpoints throw a {@link DataAccessException} without Redis.
 */
public final class Store {

  private static final Logger LOG = LoggerFactory.getLogger(Store.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final List<String> STAMP =
      List.of("version", "form", "fetched", "changed", "fence", "written");
  private static final List<String> WHOLE =
      List.of("version", "form", "fetched", "changed", "fence", "written", "pages", "gzip");

  private static final Set<String> FENCE = Set.of("fence");

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
          redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'written', ARGV[4], 'fetched', ARGV[5],
            'version', ARGV[6], 'form', ARGV[7], 'changed', ARGV[8], 'pages', ARGV[9],
            'gzip', ARGV[10])
          redis.call('PUBLISH', ARGV[2], ARGV[3])
          return 1
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

  private final Set<String> unreadable = ConcurrentHashMap.newKeySet();
  private final RedisConnection redis;
  private final Keys keys;
  private final Catalog catalog;
  private final Near near;

  public Store(RedisConnection redis, Keys keys, Catalog catalog, Near near) {
    this.redis = redis;
    this.keys = keys;
    this.catalog = catalog;
    this.near = near;
  }

  /** The stored endpoint, or null if it is missing, unreadable or purged. */
  public Entry load(@Variable("endpoint") CachedEndpoint endpoint) {
    return load(endpoint, WHOLE);
  }

  /** The stored endpoint without its content, or null. */
  public Entry stamp(@Variable("endpoint") CachedEndpoint endpoint) {
    return load(endpoint, STAMP);
  }

  private Entry load(CachedEndpoint endpoint, List<String> fields) {
    Map<String, byte[]> hash = read(endpoint, fields);
    if (hash.isEmpty()) {
      return null;
    }
    if (hash.keySet().equals(FENCE)) { // it was purged
      near.forget(endpoint, fence(hash));
      return null;
    }
    Entry entry = entry(hash);
    boolean isWhole = fields.equals(WHOLE);
    if (entry == null || isWhole && !entry.isSound(endpoint.shape())) {
      if (unreadable.add(endpoint.path())) {
        LOG.warn(
            "The entry of {} in Redis is unreadable for this version: fetching it again",
            endpoint.path());
      }
      return null;
    }
    if (isWhole) {
      unreadable.remove(endpoint.path());
    }
    return near.unlessPurged(endpoint, entry);
  }

  /** The fields that exist. */
  private Map<String, byte[]> read(CachedEndpoint endpoint, Collection<String> fields) {
    String key = keys.endpoint(endpoint);
    Iterator<byte[]> values = redis.replacing(key, () -> hash().multiGet(key, fields)).iterator();
    Map<String, byte[]> hash = new HashMap<>();
    fields.forEach(field -> hash.put(field, values.next()));
    hash.values().removeIf(Objects::isNull);
    return hash;
  }

  /** The entry in a hash, or null if it is unreadable. */
  private static Entry entry(Map<String, byte[]> hash) {
    try {
      byte[] pages = hash.get("pages");
      return new Entry(
          text(hash, "version"),
          text(hash, "form"),
          Instant.ofEpochSecond(number(hash, "fetched")),
          Instant.ofEpochSecond(number(hash, "changed")),
          number(hash, "fence"),
          number(hash, "written"),
          pages == null ? null : List.of(JSON.readValue(pages, Page[].class)),
          hash.get("gzip"));
    } catch (IOException | RuntimeException e) {
      return null;
    }
  }

  private static String text(Map<String, byte[]> hash, String field) {
    return new String(hash.get(field), UTF_8);
  }

  private static long number(Map<String, byte[]> hash, String field) {
    return Long.parseLong(text(hash, field));
  }

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
      published = publish(endpoint, entry, entry.gzip().length);
    }
    if (published < 0) {
      String pages = JSON.valueToTree(entry.pages()).toString();
      long changed = entry.changed().getEpochSecond();
      published =
          publish(endpoint, entry, entry.version(), entry.form(), changed, pages, entry.gzip());
    }
    return published == 0 ? null : entry;
  }

  /** Runs {@link #PUBLISH} with the length of the content, or with what was not stored yet. */
  private long publish(CachedEndpoint endpoint, Entry entry, Object... rest) {
    long fetched = entry.fetched().getEpochSecond();
    Stream<Object> first =
        Stream.of(entry.fence(), keys.of("published"), endpoint.path(), entry.written(), fetched);
    Object[] arguments = Stream.concat(first, Stream.of(rest)).toArray();
    return redis.run(PUBLISH, keys.endpoint(endpoint), arguments);
  }

  /** The fence of what is stored of an endpoint, or 0. */
  public long fence(CachedEndpoint endpoint) {
    return fence(read(endpoint, FENCE));
  }

  private static long fence(Map<String, byte[]> hash) {
    boolean isNumber = hash.containsKey("fence") && text(hash, "fence").matches("\\d{1,18}");
    return isNumber ? number(hash, "fence") : 0;
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

  /** All lists of a view, from memory or else from Redis, or null if one is not stored. */
  public List<Entry> lists(@Variable("view") View view) {
    List<Entry> lists = new ArrayList<>();
    for (CachedEndpoint list : catalog.lists(view)) {
      Entry here = near.entry(list);
      lists.add(here == null ? load(list) : here);
    }
    return lists.size() < view.lists().size() || lists.contains(null) ? null : lists;
  }

  /** The stored ranking, or null if it is missing or Redis is not available. */
  public Ranked ranked(@Variable("view") View view) {
    try {
      Map<String, byte[]> hash = hash().entries(keys.view(view));
      return hash.keySet().containsAll(List.of("stamp", "top", "bottom"))
          ? new Ranked(text(hash, "stamp"), hash.get("top"), hash.get("bottom"))
          : null;
    } catch (DataAccessException e) {
      return null;
    }
  }

  /** Stores a ranking, if Redis is available. */
  public void save(@Variable("view") View view, @Body Ranked ranked) {
    try {
      redis
          .opsForHash()
          .putAll(
              keys.view(view),
              Map.of("stamp", ranked.stamp(), "top", ranked.top(), "bottom", ranked.bottom()));
    } catch (DataAccessException e) {
      // a missing ranking is sorted again when it is requested
    }
  }

  private HashOperations<String, String, byte[]> hash() {
    return redis.opsForHash();
  }
}
