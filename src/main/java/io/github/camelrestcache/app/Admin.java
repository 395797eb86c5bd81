package io.github.camelrestcache.app;

import static java.util.stream.Collectors.joining;

import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.cache.Purges;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.catalog.Condition;
import io.github.camelrestcache.catalog.View;
import io.github.camelrestcache.http.Requests;
import io.github.camelrestcache.refresh.Schedule;
import io.github.camelrestcache.refresh.State;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Instances;
import io.github.camelrestcache.store.Near;
import io.github.camelrestcache.store.Ranked;
import io.github.camelrestcache.store.RedisConnection;
import io.github.camelrestcache.upstream.GitHub;
import io.github.camelrestcache.upstream.RateLimits;
import io.github.camelrestcache.view.Ranking;
import io.github.camelrestcache.view.ViewPaths;
import io.github.camelrestcache.view.ViewRequest;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The administration API.
 *
 * @param token the {@code ADMIN_TOKEN} that changes require in {@code Authorization: Bearer};
 *     empty: changes are disabled
 */
public record Admin(
    String token,
    Supplier<Duration> uptime,
    Catalog catalog,
    Near near,
    Schedule schedule,
    Purges purges,
    Instances instances,
    RedisConnection redis,
    Requests requests,
    RateLimits limits,
    GitHub github,
    Ranking ranking,
    ViewPaths paths) {

  private static final Logger LOG = LoggerFactory.getLogger(Admin.class);
  private static final String SCHEME = "Bearer ";

  /** The state of each endpoint: declaration, age and size on this instance, last failure. */
  List<Map<String, Object>> endpoints() {
    return catalog.endpoints().stream().map(this::endpoint).toList();
  }

  private Map<String, Object> endpoint(CachedEndpoint endpoint) {
    Entry entry = near.entry(endpoint);
    State known = schedule.state(endpoint.path());
    Map<String, Object> state = new LinkedHashMap<>();
    state.put("path", endpoint.path());
    state.put("description", endpoint.description());
    state.put("declared", endpoint.source());
    state.put("shape", endpoint.shape().name().toLowerCase(Locale.ROOT));
    state.put("every", seconds(endpoint.every()));
    state.put("stretch", known.stretch());
    state.put("stored", entry != null);
    if (entry != null) {
      state.put("age", seconds(entry.age(schedule.now())));
      state.put("fetched", entry.fetched().toString());
      state.put("changed", entry.changed().toString());
      state.put("version", entry.version());
      state.put("items", entry.isList() ? entry.items() : null);
      state.put("bytes", entry.gzip().length);
    }
    state.put("holder", known.owner());
    state.put("failures", known.failures());
    state.put("failure", known.reason());
    state.put("pause", seconds(schedule.pause(endpoint.path())));
    return state;
  }

  /**
   * The state of the service: instances, request counts, GitHub's rate limit, views, the last error
   * of Redis, and whether changes are enabled.
   */
  Map<String, Object> status() {
    Map<String, Object> status = new LinkedHashMap<>();
    status.put("instance", instances.me());
    status.put("instances", instances.known());
    status.put("uptime", seconds(uptime.get()));
    status.put("store", redis.failure());
    status.put("changeable", !token.isEmpty());
    status.put("requests", requests.counts());
    status.put("limit", limits.known(github.credential()));
    status.put("views", catalog.views().stream().map(this::view).toList());
    return status;
  }

  private Map<String, Object> view(View view) {
    Map<String, Object> state = new LinkedHashMap<>();
    state.put("name", view.name());
    state.put("description", view.description());
    state.put("list", String.join(",", view.lists()));
    state.put("only", view.only().stream().map(Condition::toString).collect(joining(",")));
    state.put("field", view.field());
    state.put("label", view.label());
    state.put("measure", view.measure());
    Ranked ranked = near.ranked(view);
    boolean isOfView = ranked != null && ranked.stamp().endsWith(view.stamp(""));
    state.put("versions", isOfView ? view.versions(ranked.stamp()) : List.of());
    state.put("declared", view.source());
    state.put("failure", ranking.failure(view));
    return state;
  }

  /**
   * The first rows of a view, of the lists in the memory of this instance, as clients get them.
   *
   * @param path {@code /view/{order}/{n}/{view}}
   * @throws Problem 400 or 404 for an invalid path, 503 if a list is not in memory
   */
  byte[] rows(String path) {
    ViewRequest asked = paths.read(path);
    View view = asked.view();
    List<Entry> lists = near.lists(view);
    if (lists == null) {
      throw new Problem(
          503, "Not ready", "A list of the view is not in memory yet: try again in a moment.");
    }
    Ranked ranked = near.ranked(view);
    if (ranking.isOutdated(view, lists, ranked)) {
      ranked = ranking.rank(view, lists);
      near.keepRanked(view, ranked);
    }
    return ranked.first(asked.n(), asked.descending());
  }

  private static double seconds(Duration duration) {
    return duration.toMillis() / 1000.0;
  }

  /**
   * Requests a refresh of an endpoint. The instance that gets the lease runs it as soon as GitHub's
   * limits allow.
   *
   * @throws Problem 401 or 403 if not authorized, 400 without a path, 404 for an unknown path
   */
  Map<String, Object> refresh(RoutingContext request) {
    authorize(request);
    String path = request.queryParams().get("path");
    if (path == null) {
      throw new Problem(
          400,
          "Bad request",
          "Set the path of an endpoint: POST /admin/refresh?path=/orgs/Netflix");
    }
    CachedEndpoint endpoint = catalog.endpoint(path);
    if (endpoint == null) {
      List<String> paths = catalog.endpoints().stream().map(CachedEndpoint::path).toList();
      throw new Problem(
          404,
          "Not found",
          "No endpoint is cached at %s: %s"
              .formatted(path, BadConfiguration.suggestion(path, paths)));
    }
    schedule.atOnce(endpoint, true);
    LOG.info("Refreshing {} at the request of {}", path, client(request));
    return Map.of("refresh", path);
  }

  /**
   * Deletes what is stored at a path, or below a prefix: endpoints, which are refreshed at once,
   * their views, and answers to forwarded requests.
   *
   * @throws Problem 401 or 403 if not authorized, 400 unless exactly one of path and prefix is
   *     given
   */
  Map<String, Object> purge(RoutingContext request) {
    authorize(request);
    String path = request.queryParams().get("path");
    String prefix = request.queryParams().get("prefix");
    String what = path == null ? prefix : path;
    if ((path == null) == (prefix == null) || !what.startsWith("/") || what.contains("?")) {
      throw new Problem(
          400,
          "Bad request",
          "Set path or prefix, without a query: POST /admin/purge?path=/orgs/Netflix, or"
              + " ?prefix=/repos/Netflix/");
    }
    List<String> removed = purges.purge(what, path == null);
    LOG.info(
        "Purged {}{} at the request of {}",
        what.replaceAll("\\p{Cntrl}", "?"),
        path == null ? "… (prefix)" : "",
        client(request));
    removed.stream()
        .map(catalog::endpoint)
        .filter(Objects::nonNull)
        .forEach(each -> schedule.atOnce(each, true));
    return Map.of("purged", what, "endpoints", removed);
  }

  private void authorize(RoutingContext request) {
    if (token.isEmpty()) {
      throw new Problem(403, "Forbidden", "Changes are disabled: ADMIN_TOKEN is not set.");
    }
    String given = request.request().getHeader("Authorization");
    boolean bearer = given != null && given.regionMatches(true, 0, SCHEME, 0, SCHEME.length());
    String secret = bearer ? given.substring(SCHEME.length()).strip() : "";
    if (!MessageDigest.isEqual(bytes(secret), bytes(token))) {
      LOG.warn("Refused a change from {}: missing or wrong ADMIN_TOKEN", client(request));
      throw new Problem(
              401, "Unauthorized", "Changes require the ADMIN_TOKEN: Authorization: Bearer …")
          .with("WWW-Authenticate", "Bearer realm=\"camel-rest-cache\"");
    }
  }

  private static String client(RoutingContext request) {
    return request.request().remoteAddress().hostAddress();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
