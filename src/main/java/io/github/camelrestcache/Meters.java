package io.github.camelrestcache;

import com.github.benmanes.caffeine.cache.Cache;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.catalog.View;
import io.github.camelrestcache.http.Requests;
import io.github.camelrestcache.refresh.Instances;
import io.github.camelrestcache.refresh.Leases;
import io.github.camelrestcache.refresh.Refreshes;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Near;
import io.github.camelrestcache.upstream.GitHub;
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
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.apache.camel.BindToRegistry;
import org.apache.camel.CamelContext;

/**
 * What is measured beside the requests of clients, for Prometheus at {@code /observe/metrics} on
 * the management port. METRICS.md says what each is; an instance tells of itself, and of what it
 * knows of the others.
 */
@BindToRegistry(value = "meters", destroyMethod = "stop")
public class Meters extends ContextBean {

  private static final String PREFIX = "restcache.";

  /** How many limits are told of, those of the service's own token first. */
  private static final int MOST_LIMITS = 100;

  /** A gauge with a row for each of some things. */
  private record OfEach<T>(MultiGauge gauge, ToDoubleFunction<T> value) {

    void tell(Collection<T> things, Function<T, Tags> tags) {
      List<Row<?>> rows = new ArrayList<>();
      things.forEach(each -> rows.add(Row.of(tags.apply(each), each, value)));
      gauge.register(rows, true);
    }
  }

  private volatile MeterRegistry registry;
  private Catalog catalog;
  private Near near;
  private Leases leases;
  private RateLimits limits;
  private List<OfEach<CachedEndpoint>> ofEndpoints = List.of();
  private List<OfEach<Map.Entry<String, Limit>>> ofLimits = List.of();
  private OfEach<View> viewAge;

  @Override
  protected void wire() {
    catalog = bean(Catalog.class);
    near = bean(Near.class);
    leases = bean(Leases.class);
    limits = bean(RateLimits.class);
    Refreshes refreshes = bean(Refreshes.class);
    String me = bean(Instances.class).me();
    ofEndpoints =
        List.of(
            of("endpoint.age", "seconds", "Since GitHub was last asked for it", this::age),
            of(
                "endpoint.interval",
                "seconds",
                "The time between two refreshes",
                each -> each.every().toMillis() / 1000.0),
            of(
                "endpoint.items",
                null,
                "How many items a list has; 1 of an object",
                stored(entry -> entry.isList() ? entry.items() : 1)),
            of(
                "endpoint.size",
                "bytes",
                "What it takes, compressed",
                stored(entry -> entry.gzip().length)),
            of(
                "endpoint.failures",
                null,
                "Refreshes that have failed in a row, of any instance",
                each -> refreshes.failures(each.path())),
            of(
                "endpoint.holder",
                null,
                "Whether this instance took the latest lease of it",
                each -> me.equals(leases.holder(each.path())) ? 1 : 0));
    viewAge =
        of(
            "view.age",
            "seconds",
            "Since GitHub was last asked for what it ranks",
            view -> age(catalog.list(view)));
    ofLimits =
        List.of(
            of(
                "ratelimit.limit",
                null,
                "What GitHub allows in a window",
                each -> each.getValue().limit()),
            of(
                "ratelimit.remaining",
                null,
                "What is left of it, as GitHub has said last",
                each -> each.getValue().remaining()),
            of(
                "ratelimit.reset",
                "seconds",
                "When it is whole again, since 1970",
                each -> each.getValue().reset()));
  }

  private <T> OfEach<T> of(
      String name, String unit, String description, ToDoubleFunction<T> value) {
    return new OfEach<>(
        MultiGauge.builder(PREFIX + name)
            .baseUnit(unit)
            .description(description)
            .register(registry()),
        value);
  }

  /** Of what is stored of an endpoint, NaN without. */
  private ToDoubleFunction<CachedEndpoint> stored(ToDoubleFunction<Entry> value) {
    return endpoint -> {
      Entry entry = endpoint == null ? null : near.entry(endpoint);
      return entry == null ? Double.NaN : value.applyAsDouble(entry);
    };
  }

  private double age(CachedEndpoint endpoint) {
    return stored(entry -> entry.age(leases.now()).toMillis() / 1000.0).applyAsDouble(endpoint);
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

  /** Has the gauges tell of what is declared and known by now. */
  public void update() {
    ofEndpoints.forEach(
        each -> each.tell(catalog.endpoints(), of -> Tags.of("endpoint", of.template())));
    viewAge.tell(catalog.views(), of -> Tags.of("view", of.name()));
    var known = limits.known(MOST_LIMITS, bean(GitHub.class).credential()).entrySet();
    ofLimits.forEach(
        each ->
            each.tell(
                known,
                of -> {
                  int colon = of.getKey().lastIndexOf(':');
                  return Tags.of(
                      "credential", of.getKey().substring(0, colon),
                      "resource", of.getKey().substring(colon + 1));
                }));
  }

  /** How many requests of clients were answered, by what the cache had to do with them. */
  public Map<String, Long> requests() {
    return registry().find(Requests.METER).timers().stream()
        .collect(
            Collectors.groupingBy(
                timer -> String.valueOf(timer.getId().getTag("cache")),
                TreeMap::new,
                Collectors.summingLong(Timer::count)));
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
