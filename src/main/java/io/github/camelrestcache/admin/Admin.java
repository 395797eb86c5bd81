package io.github.camelrestcache.admin;

import io.github.camelrestcache.ContextBean;
import io.github.camelrestcache.Settings;
import io.github.camelrestcache.cache.Purges;
import io.github.camelrestcache.catalog.BadConfiguration;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.http.Problem;
import io.github.camelrestcache.refresh.Leases;
import io.github.camelrestcache.refresh.Refreshes;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Near;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.apache.camel.BindToRegistry;

/**
 * What an operator may ask and do. Who changes something needs {@code Authorization: Bearer} with
 * the {@code ADMIN_TOKEN}.
 */
@BindToRegistry("admin")
public class Admin extends ContextBean {

  private static final String SCHEME = "Bearer ";

  private Catalog catalog;
  private Near near;
  private Leases leases;
  private Refreshes refreshes;
  private Purges purges;

  @Override
  protected void wire() {
    catalog = bean(Catalog.class);
    near = bean(Near.class);
    leases = bean(Leases.class);
    refreshes = bean(Refreshes.class);
    purges = bean(Purges.class);
  }

  /** Of each endpoint: what it is, how old and large it is here, and what failed last. */
  List<Map<String, Object>> endpoints() {
    return catalog.endpoints().stream().map(this::endpoint).toList();
  }

  private Map<String, Object> endpoint(CachedEndpoint endpoint) {
    Entry entry = near.entry(endpoint);
    Map<String, Object> state = new LinkedHashMap<>();
    state.put("path", endpoint.path());
    state.put("description", endpoint.description());
    state.put("declared", endpoint.source());
    state.put("shape", endpoint.shape().name().toLowerCase(Locale.ROOT));
    state.put("every", seconds(endpoint.every()));
    state.put("stored", entry != null);
    if (entry != null) {
      state.put("age", seconds(entry.age(leases.now())));
      state.put("fetched", entry.fetched().toString());
      state.put("changed", entry.changed().toString());
      state.put("version", entry.version());
      state.put("items", entry.isList() ? entry.items() : null);
      state.put("bytes", entry.gzip().length);
    }
    state.put("holder", leases.isHolder(endpoint.path()));
    state.put("failures", refreshes.failures(endpoint.path()));
    state.put("failure", refreshes.failure(endpoint.path()));
    state.put("pause", seconds(refreshes.pause(endpoint)));
    return state;
  }

  private static double seconds(Duration duration) {
    return duration.toMillis() / 1000.0;
  }

  /**
   * Has an endpoint refreshed now, by whichever instance gets the lease, but no sooner than
   * GitHub's limits allow.
   *
   * @throws Problem 401 or 403 for who may not, 400 without a path, 404 for one that is not kept
   */
  Map<String, Object> refresh(RoutingContext request) {
    authorize(request);
    String path = request.queryParams().get("path");
    if (path == null) {
      throw new Problem(
          400, "Bad request", "Say which endpoint: POST /admin/refresh?path=/orgs/Netflix");
    }
    CachedEndpoint endpoint = catalog.endpoint(path);
    if (endpoint == null) {
      List<String> paths = catalog.endpoints().stream().map(CachedEndpoint::path).toList();
      throw new Problem(
          404,
          "Not found",
          "No endpoint is kept at %s: %s"
              .formatted(path, BadConfiguration.suggestion(path, paths)));
    }
    refreshes.now(endpoint);
    return Map.of("refresh", path);
  }

  /**
   * Throws away what is stored of a path, or of all that begin so: endpoints, which are fetched
   * anew at once, their views, and answers to forwarded requests.
   *
   * @throws Problem 401 or 403 for who may not, 400 without either or with both
   */
  Map<String, Object> purge(RoutingContext request) {
    authorize(request);
    String path = request.queryParams().get("path");
    String prefix = request.queryParams().get("prefix");
    String what = path == null ? prefix : path;
    if ((path == null) == (prefix == null) || !what.startsWith("/")) {
      throw new Problem(
          400,
          "Bad request",
          "Say what: POST /admin/purge?path=/orgs/Netflix, or ?prefix=/repos/Netflix/");
    }
    List<String> removed = purges.purge(what, path == null);
    removed.stream().map(catalog::endpoint).filter(Objects::nonNull).forEach(refreshes::now);
    return Map.of("purged", what, "endpoints", removed);
  }

  private void authorize(RoutingContext request) {
    String token = Settings.get(context, "admin.token");
    if (token.isEmpty()) {
      throw new Problem(403, "Forbidden", "Nothing can be changed here: ADMIN_TOKEN is not set.");
    }
    String given = request.request().getHeader("Authorization");
    boolean bearer = given != null && given.regionMatches(true, 0, SCHEME, 0, SCHEME.length());
    String secret = bearer ? given.substring(SCHEME.length()).strip() : "";
    if (!MessageDigest.isEqual(bytes(secret), bytes(token))) {
      throw new Problem(
              401, "Unauthorized", "Changes need the ADMIN_TOKEN: Authorization: Bearer …")
          .with("WWW-Authenticate", "Bearer realm=\"camel-rest-cache\"");
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
