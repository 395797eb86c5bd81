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
 * Where each class registers its own meters; METRICS.md explains them. Gauges of several things are
 * brought up to date before they are scraped.
 *
 * @param registry for meters whose tags are known in advance, and for timers and counters
 */
public record Meters(MeterRegistry registry, List<Runnable> updates) {

  public Meters(MeterRegistry registry) {
    this(registry, new CopyOnWriteArrayList<>());
  }

  /**
   * Gauges that have a row for each of several things.
   *
   * @param prefix what their names begin with, behind {@code restcache.}
   * @param things what there is at the time of a scrape
   */
  public record Group<T>(
      Meters meters,
      String prefix,
      Supplier<? extends Collection<T>> things,
      Function<T, Tags> tags) {

    /**
     * Registers a gauge.
     *
     * @param unit the base unit, or null
     */
    public Group<T> gauge(String name, String unit, String description, ToDoubleFunction<T> value) {
      MultiGauge gauge =
          MultiGauge.builder("restcache." + prefix + "." + name)
              .baseUnit(unit)
              .description(description)
              .register(meters.registry);
      meters.updates.add(
          () ->
              gauge.register(
                  things.get().stream()
                      .<Row<?>>map(each -> Row.of(tags.apply(each), each, value))
                      .toList(),
                  true));
      return this;
    }
  }

  /** Gauges that have a row for each of several things. */
  public <T> Group<T> each(
      String prefix, Supplier<? extends Collection<T>> things, Function<T, Tags> tags) {
    return new Group<>(this, prefix, things, tags);
  }

  /** Brings the rows up to date. */
  public void update() {
    updates.forEach(Runnable::run);
  }
}
