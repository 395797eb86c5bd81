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
 * Registers the meters that docs/metrics.md describes. Gauges with dynamic tags are updated before
 * each scrape.
 *
 * @param registry the registry for all other meters
 */
public record Meters(MeterRegistry registry, List<Runnable> updates) {

  public Meters(MeterRegistry registry) {
    this(registry, new CopyOnWriteArrayList<>());
  }

  /**
   * Gauges {@code restcache.<prefix>.<name>}, with a row for each thing that exists at a scrape.
   */
  public record Group<T>(
      Meters meters,
      String prefix,
      Supplier<? extends Collection<T>> things,
      Function<T, Tags> tags) {

    /** Registers a gauge; {@code unit} is its base unit, or null. */
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

  public <T> Group<T> each(
      String prefix, Supplier<? extends Collection<T>> things, Function<T, Tags> tags) {
    return new Group<>(this, prefix, things, tags);
  }

  /** Updates the rows of all gauges. */
  public void update() {
    updates.forEach(Runnable::run);
  }
}
