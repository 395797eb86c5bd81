package io.github.camelrestcache.app;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.Locale;
import org.apache.camel.CamelContext;
import org.apache.camel.component.micrometer.MicrometerConstants;

/** Creates Camel's meter registry, with names that the linter of Prometheus accepts. */
final class Metrics {

  private static final String LEFT_OUT =
      "app\\.info|camel\\.routes\\..*|process\\.cpu\\.time|system\\.cpu\\.count";

  private Metrics() {}

  /** Returns the registry, and creates it unless Camel has one, as with Camel JBang. */
  static MeterRegistry registry(CamelContext context, Closing closing) {
    MeterRegistry found = context.getRegistry().findSingleByType(MeterRegistry.class);
    if (found != null) {
      return found;
    }
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    registry
        .config()
        .meterFilter(MeterFilter.deny(id -> id.getName().matches(LEFT_OUT)))
        .meterFilter(
            new MeterFilter() {
              @Override
              public Meter.Id map(Meter.Id id) {
                return id.getName().startsWith("camel.") ? snakeCase(id) : id;
              }
            });
    // not one of Camel's binders, which never remove their GC listener from the JVM
    JvmGcMetrics collections = new JvmGcMetrics();
    collections.bindTo(registry);
    closing.add(collections);
    context.getRegistry().bind(MicrometerConstants.METRICS_REGISTRY_NAME, registry);
    return registry;
  }

  private static Meter.Id snakeCase(Meter.Id id) {
    return id.replaceTags(
        id.getTags().stream().map(tag -> Tag.of(snakeCase(tag.getKey()), tag.getValue())).toList());
  }

  private static String snakeCase(String name) {
    return name.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }
}
