package io.github.camelrestcache.store;

import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.View;
import java.net.URI;
import org.apache.camel.Variable;

/**
 * The names of what is in Redis. They begin with the version of the format and the upstream, so
 * that services of other versions, or with other upstreams, can share one Redis. A list and its
 * views have one hash tag, and so one slot of a Redis Cluster.
 */
public final class Keys {

  private final String prefix;

  /**
   * @param upstream the URL of the API
   */
  public Keys(URI upstream) {
    prefix = "camel-rest-cache:3:" + upstream + ":";
  }

  /** The key of something that this service keeps. */
  public String of(String what) {
    return prefix + what;
  }

  /** The key of an endpoint's hash. */
  public String endpoint(@Variable("endpoint") CachedEndpoint endpoint) {
    return of("endpoint:{" + endpoint.path() + "}");
  }

  /** The key of a ranking's hash. */
  public String view(@Variable("view") View view) {
    return of("view:{" + view.list() + "}:" + view.name());
  }
}
