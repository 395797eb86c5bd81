package io.github.camelrestcache.app;

import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.http.Requests;
import io.github.camelrestcache.refresh.Schedule;
import io.github.camelrestcache.store.Near;
import java.util.List;
import java.util.Map;
import org.apache.camel.health.HealthCheckResultBuilder;
import org.apache.camel.impl.health.AbstractHealthCheck;

/**
 * The readiness check at {@code /observe/health/ready}: up once all endpoints have been stored,
 * until the service stops. Later failures do not change it: they affect all instances alike, and
 * stored answers are still served.
 */
public final class Readiness extends AbstractHealthCheck {

  private final Catalog catalog;
  private final Near near;
  private final Schedule schedule;
  private final Requests requests;
  private volatile boolean begun;

  public Readiness(Catalog catalog, Near near, Schedule schedule, Requests requests) {
    super("camel-rest-cache", "endpoints");
    this.catalog = catalog;
    this.near = near;
    this.schedule = schedule;
    this.requests = requests;
  }

  @Override
  public boolean isLiveness() {
    return false;
  }

  @Override
  protected void doCall(HealthCheckResultBuilder result, Map<String, Object> options) {
    List<String> missing =
        near.missing(catalog.endpoints()).stream()
            .filter(path -> !schedule.state(path).isLost())
            .toList();
    begun |= missing.isEmpty();
    if (!getCamelContext().isStarted() || requests.isDraining()) {
      result.down().message("The service is starting or stopping");
    } else if (begun) {
      result.up();
    } else {
      result.down().message("Not stored yet: " + String.join(", ", missing));
    }
  }
}
