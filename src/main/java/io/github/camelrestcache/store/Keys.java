package io.github.camelrestcache.store;

import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.View;
import java.net.URI;

/**
 * The keys in Redis. They begin with the format version and the upstream, so that services of other
 * versions or upstreams can share one Redis. A list and its views share a hash tag, and so a slot
 * of Redis Cluster; a view of several lists that of the first.
 */
public record Keys(URI upstream) {

  public String of(String what) {
    return "camel-rest-cache:3:" + upstream + ":" + what;
  }

  /** The key of an endpoint's hash. */
  public String endpoint(CachedEndpoint endpoint) {
    return of("endpoint:{" + endpoint.path() + "}");
  }

  /** The key of the hash with the schedules of all endpoints. */
  String schedules() {
    return of("refreshes");
  }

  /** The key of the lease of an endpoint. */
  String lease(String path) {
    return of("lease:{" + path + "}");
  }

  /** The key of a ranking's hash. */
  public String view(View view) {
    return of("view:{" + view.lists().get(0) + "}:" + view.name());
  }
}
