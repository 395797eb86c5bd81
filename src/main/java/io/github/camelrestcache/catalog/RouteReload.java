package io.github.camelrestcache.catalog;

import io.github.camelrestcache.base.BadConfiguration;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.camel.CamelContext;
import org.apache.camel.RoutesBuilder;
import org.apache.camel.RuntimeCamelException;
import org.apache.camel.ServiceStatus;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.kamelet.KameletEndpoint;
import org.apache.camel.model.ModelCamelContext;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.spi.Resource;
import org.apache.camel.support.FileWatcherResourceReloadStrategy;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.apache.camel.support.RouteWatcherReloadStrategy;
import org.apache.camel.util.IOHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reloads an edited file of endpoints or views while the service runs, if Camel watches the files
 * ({@code camel:dev}, {@code camel run --dev}). If the catalog or Camel rejects the file, the last
 * good routes keep serving. Any other file requires a restart: replacing its routes would close the
 * HTTP server's routes or the GitHub client.
 *
 * <p>Camel 4.17 itself either removes the routes of all files and then fails on a file with two
 * routes ("duplicate route id"), or keeps running removed routes and routes of edited Kamelets.
 */
public final class RouteReload {

  private static final Logger LOG = LoggerFactory.getLogger(RouteReload.class);
  private static final long LOOK_AGAIN_MILLIS = 100;

  private final Map<String, String> lastSeen = new ConcurrentHashMap<>();

  /** The last accepted content by file name: one resource, or none if the file is deleted. */
  private final Map<String, List<Resource>> lastGood = new ConcurrentHashMap<>();

  private final ModelCamelContext context;
  private final Catalog catalog;

  public RouteReload(CamelContext context, Catalog catalog) {
    this.context = (ModelCamelContext) context;
    this.catalog = catalog;
  }

  /** Replaces Camel's watcher, if there is one. Call it after all routes are loaded. */
  public void start() {
    RouteWatcherReloadStrategy watcher = context.hasService(RouteWatcherReloadStrategy.class);
    if (watcher == null) {
      return;
    }
    try {
      for (RouteDefinition route : context.getRouteDefinitions()) {
        if (route.getInput().getEndpointUri().startsWith("kamelet:")) {
          Resource file = route.getResource();
          lastGood.put(name(file.getLocation()), snapshot(file, text(file)));
        }
      }
      watcher.setResourceReload((path, file) -> look(file));
      for (String folder : List.of("kamelets", ".")) {
        var others = new FileWatcherResourceReloadStrategy(folder);
        others.setFileFilter(
            file -> file.getName().matches(".*\\.kamelet\\.yaml|application\\.properties"));
        others.setResourceReload((path, file) -> look(file));
        context.addService(others);
      }
      LOG.info("Edits to endpoints and views in {} take effect at once", watcher.getFolder());
    } catch (Exception e) {
      throw RuntimeCamelException.wrapRuntimeException(e);
    }
  }

  /** Reloads a file once its content is stable; further writes trigger another call. */
  private void look(Resource file) throws Exception {
    String name = name(file.getLocation());
    String text = text(file);
    Thread.sleep(LOOK_AGAIN_MILLIS);
    boolean isEmptied = text.isBlank() && file.exists();
    boolean isSettled = text.equals(text(file)) && !isEmptied && context.isStarted();
    if (!isSettled || text.equals(lastSeen.put(name, text))) {
      return;
    }
    boolean isDeclared = lastGood.containsKey(name) || text.contains("kamelet:");
    if (!isDeclared || !name.endsWith(".camel.yaml")) {
      LOG.warn("{} has changed: restart the service to use it", name);
      return;
    }
    try {
      reload(name, snapshot(file, text));
      LOG.info("{} is reloaded", name);
    } catch (Exception e) {
      String reason = BadConfiguration.sentence(e);
      LOG.error("{} is refused, the last good routes keep serving: {}", name, reason);
    }
  }

  private void reload(String name, List<Resource> file) throws Exception {
    List<RouteDefinition> edited = new ArrayList<>();
    for (RoutesBuilder routes : PluginHelper.getRoutesLoader(context).findRoutesBuilders(file)) {
      edited.addAll(((RouteBuilder) routes).configureRoutes(context).getRoutes());
    }
    List<RouteDefinition> all = new ArrayList<>(context.getRouteDefinitions());
    all.removeIf(route -> name.equals(name(route.getLocation())));
    all.addAll(edited);
    Catalog.Declared before = catalog.declared();
    Catalog.Declared now = catalog.read(all);
    try {
      replace(name, file, now);
      lastGood.put(name, file);
    } catch (Exception e) {
      String source =
          edited.stream().filter(this::isStopped).findFirst().map(Catalog::source).orElse(name);
      replace(name, lastGood.getOrDefault(name, List.of()), before);
      throw new BadConfiguration(source + ": " + BadConfiguration.sentence(e));
    }
  }

  /** Replaces the routes of a file, including those that Camel created from its Kamelets. */
  private void replace(String name, List<Resource> file, Catalog.Declared now) throws Exception {
    List<RouteDefinition> gone = new ArrayList<>();
    Set<Object> ids = new HashSet<>();
    for (RouteDefinition route : context.getRouteDefinitions()) {
      Map<String, Object> made = route.getTemplateParameters();
      if (name.equals(name(route.getLocation()))
          || made != null && ids.contains(made.get("parentRouteId"))) {
        ids.add(route.getRouteId());
        gone.add(0, route); // stop a timer before the route that it calls
      }
    }
    for (RouteDefinition route : gone) {
      context.removeRouteDefinition(route);
      // a failed route leaves its endpoint behind, which would block a second route
      String uri = route.getInput().getEndpointUri();
      if (uri.startsWith("kamelet:")
          && context.hasEndpoint(context.resolvePropertyPlaceholders(uri))
              instanceof KameletEndpoint left) {
        context.removeEndpoint(left);
      }
    }
    catalog.declare(now);
    PluginHelper.getRoutesLoader(context).updateRoutes(file);
  }

  private boolean isStopped(RouteDefinition route) {
    return context.getRouteController().getRouteStatus(route.getRouteId()) != ServiceStatus.Started;
  }

  private static List<Resource> snapshot(Resource file, String text) {
    String location = file.getLocation();
    return text.isEmpty() ? List.of() : List.of(ResourceHelper.fromString(location, text));
  }

  private static String name(String location) {
    return location == null ? null : location.replaceFirst(".*[:/\\\\]", "");
  }

  private static String text(Resource file) throws IOException {
    return file.exists() ? IOHelper.loadText(file.getInputStream()) : "";
  }
}
