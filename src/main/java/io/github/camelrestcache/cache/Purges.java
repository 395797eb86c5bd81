package io.github.camelrestcache.cache;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.catalog.View;
import io.github.camelrestcache.refresh.Schedule;
import io.github.camelrestcache.store.Changes;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.Leases;
import io.github.camelrestcache.store.Near;
import io.github.camelrestcache.store.RedisConnection;
import io.github.camelrestcache.store.Store;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * The purges by operators. An endpoint is replaced by a fence in Redis, which no entry of an
 * earlier refresh passes, and becomes due. Forwarded answers, which Redis stores under a hash, are
 * not found again, because the keys change: a purged path gets a new version ({@link Scopes}), and
 * a purged prefix has a mark, its time, which is part of the keys of all paths that begin with it.
 * Marks are in Redis. A message announces them; without it, each instance reads them within a
 * second.
 *
 * <p>All methods throw a {@link org.springframework.dao.DataAccessException} without Redis.
 */
public final class Purges {

  /** The times of purges, by prefix of paths. */
  private final Map<String, String> marks = new ConcurrentHashMap<>();

  private final RedisConnection redis;
  private final Keys keys;
  private final Catalog catalog;
  private final Near near;
  private final Leases leases;
  private final Schedule schedule;
  private final Store store;
  private final Scopes scopes;
  private final Changes changes;
  private final String key;

  public Purges(
      RedisConnection redis,
      Keys keys,
      Catalog catalog,
      Near near,
      Leases leases,
      Schedule schedule,
      Store store,
      Scopes scopes,
      Changes changes) {
    this.redis = redis;
    this.keys = keys;
    this.catalog = catalog;
    this.near = near;
    this.leases = leases;
    this.schedule = schedule;
    this.store = store;
    this.scopes = scopes;
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
    String plain = Places.plain(path);
    String prefix = path.endsWith("/") && !plain.equals("/") ? plain + "/" : plain;
    if (below) {
      markPrefix(prefix);
    } else {
      scopes.forget(path);
    }
    return catalog.endpoints().stream()
        .filter(
            each -> {
              String its = Places.plain(each.path());
              return below ? its.startsWith(prefix) : its.equals(plain);
            })
        .filter(this::forget)
        .map(CachedEndpoint::path)
        .sorted()
        .toList();
  }

  /** Removes an endpoint and its views; returns whether it was stored in Redis. */
  public boolean forget(CachedEndpoint endpoint) {
    leases.revoke(endpoint.path());
    long fence = schedule.newFence(endpoint);
    boolean stored = store.forget(endpoint, fence);
    near.forget(endpoint, fence);
    for (View view : catalog.views()) {
      if (view.lists().contains(endpoint.path())) {
        redis.delete(keys.view(view));
      }
    }
    schedule.atOnce(endpoint, false);
    return stored;
  }

  /** Marks a prefix, and drops the marks that it covers or that are older than any answer. */
  private void markPrefix(String prefix) {
    long now = schedule.now().toEpochMilli();
    long old = now - Scopes.KEPT.toMillis();
    load();
    Object[] obsolete =
        marks.entrySet().stream()
            .filter(
                each -> Long.parseLong(each.getValue()) < old || each.getKey().startsWith(prefix))
            .map(Map.Entry::getKey)
            .filter(each -> !each.equals(prefix))
            .toArray();
    long mark = Math.max(now, 1 + Long.parseLong(marks.getOrDefault(prefix, "0")));
    redis.opsForHash().put(key, prefix, Long.toString(mark).getBytes(UTF_8));
    if (obsolete.length > 0) {
      redis.opsForHash().delete(key, obsolete);
    }
    redis.expire(key, Scopes.KEPT);
    load();
    redis.convertAndSend(keys.of("published"), "purged".getBytes(UTF_8));
  }

  /** Reads the marks of purged prefixes. */
  public void load() {
    Map<String, String> now = new HashMap<>();
    redis
        .replacing(key, () -> redis.<String, byte[]>opsForHash().entries(key))
        .forEach((prefix, mark) -> now.put(prefix, new String(mark, UTF_8)));
    now.values().removeIf(mark -> !mark.matches("\\d{1,18}"));
    if (now.equals(marks)) {
      return;
    }
    marks.putAll(now);
    marks.keySet().retainAll(now.keySet());
    changes.noteAll();
  }

  /** The part of a path's keys that comes from purges of prefixes, usually empty. */
  String mark(String plainPath) {
    return marks.entrySet().stream()
        .filter(each -> plainPath.startsWith(each.getKey()))
        .map(each -> " " + each)
        .sorted()
        .collect(Collectors.joining());
  }
}
