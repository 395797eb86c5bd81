package io.github.camelrestcache.store;

import io.github.camelrestcache.ContextBean;
import io.github.camelrestcache.Settings;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.View;
import org.apache.camel.BindToRegistry;
import org.apache.camel.CamelContext;
import org.apache.camel.Variable;

/**
 * The names of what is in Redis. They begin with the version of the format and the upstream, so
 * that services of other versions, or with other upstreams, can share one Redis. A list and its
 * views have one hash tag, and so one slot of a Redis Cluster.
 */
@BindToRegistry("keys")
public class Keys extends ContextBean {

  /** The key of something that this service keeps. */
  public static String of(CamelContext context, String what) {
    return "camel-rest-cache:3:" + Settings.get(context, "github.api.url") + ":" + what;
  }

  /** The key of an endpoint's hash. */
  public String endpoint(@Variable("endpoint") CachedEndpoint endpoint) {
    return of(context, "endpoint:{" + endpoint.path() + "}");
  }

  /** The key of a ranking's hash. */
  public String view(@Variable("view") View view) {
    return of(context, "view:{" + view.list() + "}:" + view.name());
  }
}
