package io.github.camelrestcache;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.Locale;

/**
 * All meters, by Prometheus's conventions: Camel's labels in snake case, and without what has no
 * help text or a name that {@code promtool check metrics} does not take. It is named in
 * application.properties, for annotated beans come too late for Camel.
 */
public final class MetricsRegistry extends PrometheusMeterRegistry {

  private static final String LEFT_OUT =
      "app\\.info|camel\\.routes\\..*|process\\.cpu\\.time|system\\.cpu\\.count";

  /** The JVM keeps what listens to its collections until that says that it ends. */
  private final JvmGcMetrics collections = new JvmGcMetrics();

  public MetricsRegistry() {
    super(PrometheusConfig.DEFAULT);
    config()
        .meterFilter(MeterFilter.deny(id -> id.getName().matches(LEFT_OUT)))
        .meterFilter(
            new MeterFilter() {
              @Override
              public Meter.Id map(Meter.Id id) {
                return id.getName().startsWith("camel.") ? snakeCase(id) : id;
              }
            });
    collections.bindTo(this);
  }

  @Override
  public void close() {
    collections.close();
    super.close();
  }

  private static Meter.Id snakeCase(Meter.Id id) {
    return id.replaceTags(
        id.getTags().stream().map(tag -> Tag.of(snakeCase(tag.getKey()), tag.getValue())).toList());
  }

  private static String snakeCase(String name) {
    return name.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }
}
