package io.github.camelrestcache;

import com.github.benmanes.caffeine.cache.Cache;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.refresh.Leases;
import io.github.camelrestcache.refresh.Refreshes;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Near;
import io.github.camelrestcache.upstream.RateLimits;
import io.github.camelrestcache.upstream.RateLimits.Limit;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Metrics;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.cache.CaffeineCacheMetrics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.apache.camel.BindToRegistry;
import org.apache.camel.CamelContext;

/**
 * What is measured beside the requests of clients, for Prometheus at {@code /observe/metrics} on
 * the management port. The README says what each is; an instance tells of itself, and of what it
 * knows of the others.
 */
@BindToRegistry(value = "meters", destroyMethod = "stop")
public class Meters extends ContextBean {

  private static final String PREFIX = "restcache.";

  /** How many limits are told of, those of the service's own token first. */
  private static final int MOST_LIMITS = 100;

  private volatile MeterRegistry registry;
  private Catalog catalog;
  private Near near;
  private Leases leases;
  private Refreshes refreshes;
  private RateLimits limits;
  private List<MultiGauge> ofEndpoints = List.of();
  private List<MultiGauge> ofLimits = List.of();
  private MultiGauge viewAge;

  @Override
  protected void wire() {
    catalog = bean(Catalog.class);
    near = bean(Near.class);
    leases = bean(Leases.class);
    refreshes = bean(Refreshes.class);
    limits = bean(RateLimits.class);
    ofEndpoints =
        List.of(
            gauge("endpoint.age", "seconds", "Since GitHub was last asked for it"),
            gauge("endpoint.interval", "seconds", "The time between two refreshes"),
            gauge("endpoint.items", null, "How many items a list has; 1 of an object"),
            gauge("endpoint.size", "bytes", "What it takes, compressed"),
            gauge(
                "endpoint.failures", null, "Refreshes that have failed in a row, of any instance"),
            gauge("endpoint.holder", null, "Whether this instance took the latest lease of it"));
    viewAge = gauge("view.age", "seconds", "Since GitHub was last asked for what it ranks");
    ofLimits =
        List.of(
            gauge("ratelimit.limit", null, "What GitHub allows in a window"),
            gauge("ratelimit.remaining", null, "What is left of it, as GitHub has said last"),
            gauge("ratelimit.reset", "seconds", "When it is whole again, since 1970"));
  }

  /** Measures no more. */
  public void stop() {
    if (registry != null) {
      registry.close();
    }
  }

  /**
   * Where meters are registered. Under Camel JBang that is Camel's own, for it begins to measure
   * before it has compiled ours.
   */
  public static MeterRegistry of(CamelContext context) {
    Set<MeterRegistry> all = context.getRegistry().findByType(MeterRegistry.class);
    return all.stream()
        .filter(each -> !(each instanceof MetricsRegistry))
        .findFirst()
        .or(() -> all.stream().findFirst())
        .orElse(Metrics.globalRegistry);
  }

  /** Other beans may measure before this one is wired. */
  private MeterRegistry registry() {
    if (registry == null) {
      registry = of(context);
    }
    return registry;
  }

  private MultiGauge gauge(String name, String unit, String description) {
    return MultiGauge.builder(PREFIX + name)
        .baseUnit(unit)
        .description(description)
        .register(registry());
  }

  /** Has the gauges tell of what is declared and known by now. */
  public void update() {
    List<CachedEndpoint> endpoints = List.copyOf(catalog.endpoints());
    List<ToDoubleFunction<CachedEndpoint>> values =
        List.of(
            this::age,
            each -> each.every().toMillis() / 1000.0,
            each -> items(near.entry(each)),
            each -> near.entry(each) == null ? Double.NaN : near.entry(each).gzip().length,
            each -> refreshes.failures(each.path()),
            each -> leases.isHolder(each.path()) ? 1 : 0);
    for (int i = 0; i < values.size(); i++) {
      ToDoubleFunction<CachedEndpoint> value = values.get(i);
      List<Row<?>> rows = new ArrayList<>();
      for (CachedEndpoint each : endpoints) {
        rows.add(Row.of(Tags.of("endpoint", each.template()), each, value));
      }
      ofEndpoints.get(i).register(rows, true);
    }
    List<Row<?>> views = new ArrayList<>();
    catalog
        .views()
        .forEach(
            view ->
                views.add(
                    Row.of(
                        Tags.of("view", view.name()),
                        view,
                        each -> age(catalog.endpoint(each.list())))));
    viewAge.register(views, true);
    updateLimits();
  }

  private void updateLimits() {
    Map<String, Limit> known = limits.known(MOST_LIMITS);
    List<ToDoubleFunction<Limit>> values = List.of(Limit::limit, Limit::remaining, Limit::reset);
    for (int i = 0; i < values.size(); i++) {
      ToDoubleFunction<Limit> value = values.get(i);
      List<Row<?>> rows = new ArrayList<>();
      known.forEach(
          (name, limit) -> {
            int colon = name.lastIndexOf(':');
            Tags tags =
                Tags.of(
                    "credential", name.substring(0, colon), "resource", name.substring(colon + 1));
            rows.add(Row.of(tags, limit, value));
          });
      ofLimits.get(i).register(rows, true);
    }
  }

  private double age(CachedEndpoint endpoint) {
    Entry entry = endpoint == null ? null : near.entry(endpoint);
    return entry == null
        ? Double.NaN
        : Math.max(0, Duration.between(entry.fetched(), leases.now()).toMillis() / 1000.0);
  }

  private static double items(Entry entry) {
    return entry == null ? Double.NaN : entry.isList() ? entry.items() : 1;
  }

  /**
   * A refresh by this instance has ended.
   *
   * @param outcome {@code done}, or what it failed of, in a word
   */
  public void refreshed(CachedEndpoint endpoint, String outcome, Duration time) {
    Timer.builder(PREFIX + "refresh")
        .description("Refreshes by this instance, all pages of each")
        .tag("endpoint", endpoint.template())
        .tag("outcome", outcome)
        .register(registry())
        .record(time);
  }

  /**
   * GitHub has answered.
   *
   * @param resource of its rate limits, or {@code none}
   * @param costs whether the request is taken from the limit
   */
  public void upstream(String resource, int status, boolean costs) {
    Counter.builder(PREFIX + "upstream.requests")
        .description("Requests that GitHub has answered")
        .tag("resource", resource.matches("[a-z_]{1,40}") ? resource : "other")
        .tag("status", Integer.toString(status))
        .tag("budget", costs ? "spent" : "free")
        .register(registry())
        .increment();
  }

  /** A command to Redis is over. */
  public void redis(boolean answered, long nanos) {
    Timer.builder(PREFIX + "redis")
        .description("Commands to Redis")
        .tag("outcome", answered ? "answered" : "failed")
        .register(registry())
        .record(Duration.ofNanos(nanos));
  }

  /** Redis was asked for the answer to a forwarded request. */
  public void read(boolean found) {
    Counter.builder(PREFIX + "redis.reads")
        .description("Reads of answers to forwarded requests")
        .tag("result", found ? "hit" : "miss")
        .register(registry())
        .increment();
  }

  /** A forward was refused, for too many are under way. */
  public void refusedForward() {
    Counter.builder(PREFIX + "forwards.refused")
        .description("Requests that were not forwarded, for MAX_FORWARDS were under way")
        .register(registry())
        .increment();
  }

  /** Tells how many of something there are. */
  public <T> void gauge(String name, String description, T of, ToDoubleFunction<T> value) {
    Gauge.builder(PREFIX + name, of, value)
        .description(description)
        .strongReference(true)
        .register(registry());
  }

  /** Tells of a memory: hits, misses, evictions, what it weighs. */
  public void cache(String name, Cache<?, ?> cache) {
    CaffeineCacheMetrics.monitor(registry(), cache, name);
  }
}
