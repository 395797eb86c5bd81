package io.github.camelrestcache.base;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * Where each class registers its own meters. METRICS.md explains them. Gauges with a row for each
 * of several things are brought up to date when they are scraped.
 */
public final class Meters {

  private final MeterRegistry registry;
  private final List<Runnable> updates = new CopyOnWriteArrayList<>();

  public Meters(MeterRegistry registry) {
    this.registry = registry;
  }

  /** For meters whose tags are known in advance, and for timers and counters. */
  public MeterRegistry registry() {
    return registry;
  }

  /**
   * Registers a gauge with a row for each of several things.
   *
   * @param name without the prefix {@code restcache.}
   * @param unit the base unit, or null
   * @param things what there is at the time of a scrape
   */
  public <T> void each(
      String name,
      String unit,
      String description,
      Supplier<Collection<T>> things,
      Function<T, Tags> tags,
      ToDoubleFunction<T> value) {
    MultiGauge gauge =
        MultiGauge.builder("restcache." + name)
            .baseUnit(unit)
            .description(description)
            .register(registry);
    updates.add(
        () -> {
          List<Row<?>> rows =
              things.get().stream()
                  .<Row<?>>map(each -> Row.of(tags.apply(each), each, value))
                  .toList();
          gauge.register(rows, true);
        });
  }

  /** Brings the rows up to date, before a scrape. */
  public void update() {
    updates.forEach(Runnable::run);
  }
}
