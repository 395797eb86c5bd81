package io.github.camelrestcache.app;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusNamingConvention;
import java.util.Deque;
import java.util.Locale;
import org.apache.camel.CamelContext;
import org.apache.camel.component.micrometer.MicrometerConstants;

/** Creates Camel's meter registry, with names that the linter of Prometheus accepts. */
final class Metrics {

  private static final String LEFT_OUT =
      "app\\.info|camel\\.routes\\..*|process\\.cpu\\.time|system\\.cpu\\.count";

  private Metrics() {}

  /** Returns the registry, and creates it unless Camel has one, as with Camel JBang. */
  static MeterRegistry registry(CamelContext context, Deque<AutoCloseable> closing) {
    MeterRegistry found = context.getRegistry().findSingleByType(MeterRegistry.class);
    if (found != null) {
      return found;
    }
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    registry
        .config()
        .meterFilter(MeterFilter.deny(id -> id.getName().matches(LEFT_OUT)))
        .namingConvention(
            new PrometheusNamingConvention() {
              @Override
              public String tagKey(String key) {
                // Camel's are in camel case
                return super.tagKey(key.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT));
              }
            });
    // not one of Camel's binders, which never remove their GC listener from the JVM
    JvmGcMetrics collections = new JvmGcMetrics();
    collections.bindTo(registry);
    closing.add(collections);
    context.getRegistry().bind(MicrometerConstants.METRICS_REGISTRY_NAME, registry);
    return registry;
  }
}
