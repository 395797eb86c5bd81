package io.github.camelrestcache.store;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.CachedEndpoint.Shape;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.catalog.View;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.cache.CaffeineCacheMetrics;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;
import org.apache.camel.Body;
import org.apache.camel.Variable;

/**
 * The near cache: the endpoints and views that this instance has read or published, in memory, up
 * to {@code NEAR_CACHE_SIZE}. Messages from other instances update it, and a check every second. A
 * hit does not need Redis.
 */
public final class Near {

  /** The approximate overhead of an object in memory, in bytes. */
  private static final int OVERHEAD = 256;

  private final Map<String, CompletableFuture<Void>> arrivals = new ConcurrentHashMap<>();

  /** By path, the highest fence that a purge covers. */
  private final Map<String, Long> purged = new ConcurrentHashMap<>();

  /** Entries by path, and rankings by the name of their view, which has no leading slash. */
  private final Cache<String, Object> held;

  private final Catalog catalog;

  /**
   * @param size the maximum size in bytes
   */
  public Near(long size, Catalog catalog, InstantSource clock, Meters meters) {
    this.catalog = catalog;
    held =
        Caffeine.newBuilder()
            .executor(Runnable::run)
            .maximumWeight(size)
            .weigher((String key, Object value) -> weight(value))
            .recordStats()
            .build();
    CaffeineCacheMetrics.monitor(meters.registry(), held, "near");
    ToDoubleFunction<CachedEndpoint> age =
        stored(entry -> entry.age(clock.instant()).toMillis() / 1000.0);
    meters
        .each("endpoint", catalog::endpoints, each -> Tags.of("endpoint", each.template()))
        .gauge("age", "seconds", "Time since GitHub was last asked for it", age)
        .gauge(
            "items",
            null,
            "Items of a list; 1 for an object",
            stored(entry -> entry.isList() ? entry.items() : 1))
        .gauge(
            "size",
            "bytes",
            "Size in memory and in Redis, compressed",
            stored(entry -> entry.gzip().length));
    meters
        .each("view", catalog::views, each -> Tags.of("view", each.name()))
        .gauge(
            "age",
            "seconds",
            "Time since GitHub was last asked for its oldest list",
            view -> catalog.lists(view).stream().mapToDouble(age).max().orElse(Double.NaN));
  }

  /** A figure of the stored entry, or NaN without an entry. */
  private ToDoubleFunction<CachedEndpoint> stored(ToDoubleFunction<Entry> value) {
    return endpoint -> {
      Entry entry = endpoint == null ? null : entry(endpoint);
      return entry == null ? Double.NaN : value.applyAsDouble(entry);
    };
  }

  /** The approximate size of all entries and rankings in memory, in bytes. */
  public long weight() {
    return held.policy().eviction().orElseThrow().weightedSize().orElseThrow();
  }

  private static int weight(Object value) {
    if (value instanceof Entry entry) {
      int items =
          entry.pages().stream()
              .mapToInt(page -> page.ids().size() * OVERHEAD / 4 + OVERHEAD)
              .sum();
      return OVERHEAD + entry.gzip().length + items;
    }
    Ranked ranked = (Ranked) value;
    return OVERHEAD + ranked.top().length + ranked.bottom().length;
  }

  /** The entry, or null if nothing is stored or the declared shape has changed. */
  public Entry entry(@Variable("endpoint") CachedEndpoint endpoint) {
    Entry here = (Entry) held.getIfPresent(endpoint.path());
    return here == null || here.isList() != (endpoint.shape() == Shape.LIST) ? null : here;
  }

  /** All lists of a view, or null if one is not here. */
  public List<Entry> lists(@Variable("view") View view) {
    List<Entry> lists = catalog.lists(view).stream().map(this::entry).toList();
    return lists.size() < view.lists().size() || lists.contains(null) ? null : lists;
  }

  /** Whether an entry, which may be null, has content that is new here. */
  public boolean isNews(@Variable("endpoint") CachedEndpoint endpoint, @Body Entry entry) {
    Entry here = entry(endpoint);
    return unlessPurged(endpoint, entry) != null
        && (here == null
            || here.fence() <= entry.fence() && !here.version().equals(entry.version()));
  }

  /** Keeps an entry, which may be null, unless a newer one is here. */
  public void keep(@Variable("endpoint") CachedEndpoint endpoint, @Body Entry entry) {
    Object kept =
        held.asMap()
            .compute(
                endpoint.path(),
                (path, here) ->
                    unlessPurged(endpoint, entry) == null
                            || here != null && ((Entry) here).fence() > entry.fence()
                        ? here
                        : entry);
    if (kept == null) {
      return; // nothing came, or it was purged: callers wait for the next entry
    }
    CompletableFuture<Void> waiting = arrivals.remove(endpoint.path());
    if (waiting != null) {
      waiting.complete(null);
    }
  }

  /** Whether Redis has newer pages than memory, or memory has none. */
  public boolean isOutdated(@Variable("endpoint") CachedEndpoint endpoint, @Body Entry stamp) {
    Entry here = entry(endpoint);
    return stamp != null
        && (here == null || here.fence() < stamp.fence() && here.written() != stamp.written());
  }

  /** Adopts the times if another instance has validated the pages that are here. */
  public void validate(@Variable("endpoint") CachedEndpoint endpoint, @Body Entry stamp) {
    Entry here = entry(endpoint);
    if (stamp != null && here != null && here.fence() < stamp.fence()) {
      keep(endpoint, here.validated(stamp.fetched(), stamp.fence()));
    }
  }

  /** Whether Redis has lost the entry that is here: it has none, or an older one. */
  public boolean isLost(@Variable("endpoint") CachedEndpoint endpoint, @Body Entry stamp) {
    Entry here = entry(endpoint);
    return here != null && (stamp == null || stamp.fence() < here.fence());
  }

  /**
   * Drops a purged endpoint and its views.
   *
   * @param fence entries with this fence or a lower one are not accepted again
   */
  public void forget(CachedEndpoint endpoint, long fence) {
    purged.merge(endpoint.path(), fence, Math::max);
    held.asMap()
        .computeIfPresent(
            endpoint.path(), (path, here) -> ((Entry) here).fence() > fence ? here : null);
    catalog.views().stream()
        .filter(view -> view.lists().contains(endpoint.path()))
        .forEach(view -> held.invalidate(view.name()));
  }

  /** The entry, or null if it is null or was purged. */
  Entry unlessPurged(CachedEndpoint endpoint, Entry entry) {
    return entry == null || entry.fence() <= purged.getOrDefault(endpoint.path(), -1L)
        ? null
        : entry;
  }

  /** The paths of the endpoints that are not here. */
  public List<String> missing(Collection<CachedEndpoint> endpoints) {
    return endpoints.stream()
        .filter(endpoint -> entry(endpoint) == null)
        .map(CachedEndpoint::path)
        .toList();
  }

  public void clear() {
    held.invalidateAll();
  }

  /** Fails the {@link #arrival} of an endpoint. */
  public void giveUp(String path, Throwable reason) {
    CompletableFuture<Void> waiting = arrivals.remove(path);
    if (waiting != null) {
      waiting.completeExceptionally(reason);
    }
  }

  /** Completes when the endpoint is kept here, and fails when it is given up. */
  public CompletableFuture<Void> arrival(String path) {
    return arrivals.computeIfAbsent(path, each -> new CompletableFuture<>());
  }

  /** Whether callers wait for the {@link #arrival} of an endpoint. */
  public boolean isAwaited(String path) {
    return arrivals.containsKey(path);
  }

  /** The ranking of a view, or null. */
  public Ranked ranked(@Variable("view") View view) {
    return (Ranked) held.getIfPresent(view.name());
  }

  /** Keeps the ranking of a view, which may be null. */
  public void keepRanked(@Variable("view") View view, @Body Ranked ranked) {
    if (ranked != null) {
      held.put(view.name(), ranked);
    }
  }
}
