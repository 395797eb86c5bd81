package io.github.camelrestcache.catalog;

import io.github.camelrestcache.base.BadConfiguration;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.apache.camel.CamelContext;
import org.apache.camel.ExtendedStartupListener;
import org.apache.camel.RoutesBuilder;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.model.ModelCamelContext;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.model.RoutesDefinition;
import org.apache.camel.spi.Resource;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.apache.camel.support.RouteWatcherReloadStrategy;
import org.apache.camel.util.FileUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Live editing of the route files, where Camel is started with it ({@code camel:dev}, {@code camel
 * run --dev}). Camel's own reload leaves removed routes running and stops half way at a mistake;
 * this one checks an edited file first, replaces the routes whose blocks differ and no others, and
 * puts the last good ones back if the new ones do not start. Files with other blocks than routes,
 * which users do not edit, are left to Camel.
 */
public final class RouteReload implements ExtendedStartupListener {

  private static final Logger LOG = LoggerFactory.getLogger(RouteReload.class);

  private static final Pattern OTHER_BLOCK = Pattern.compile("^- (?!route:)", Pattern.MULTILINE);

  /** A route with the text that it was read from. */
  private record Block(String text, RouteDefinition route, RoutesDefinition file) {

    boolean isSame(Block other) {
      return other != null && other.text().strip().equals(text.strip());
    }
  }

  private final Map<String, String> lastGood = new ConcurrentHashMap<>();
  private final CamelContext context;
  private final Catalog catalog;

  public RouteReload(CamelContext context, Catalog catalog) {
    this.context = context;
    this.catalog = catalog;
  }

  @Override
  public void onCamelContextStarted(CamelContext started, boolean alreadyStarted) {
    // the watcher starts later
  }

  @Override
  public void onCamelContextFullyStarted(CamelContext started, boolean alreadyStarted)
      throws Exception {
    RouteWatcherReloadStrategy watcher = started.hasService(RouteWatcherReloadStrategy.class);
    if (watcher == null || !lastGood.isEmpty()) {
      return; // Camel calls this again for each route that is added later
    }
    for (RouteDefinition route : routes()) {
      if (route.getResource() != null && route.getResource().exists()) {
        lastGood.put(name(route), text(route.getResource()));
      }
    }
    var camels = watcher.getResourceReload();
    watcher.setResourceReload(
        (file, resource) -> {
          String name = FileUtil.stripPath(file);
          String text = resource.exists() ? text(resource) : "";
          String good = lastGood.getOrDefault(name, "");
          if (!file.endsWith(".camel.yaml") || OTHER_BLOCK.matcher(good).find()) {
            camels.onReload(file, resource);
          } else if (resource.exists() && text.isBlank()) {
            LOG.debug("{} is empty: an editor is saving it", name);
          } else if (context.isStarted() && !text.equals(good)) {
            reload(name, resource.getLocation(), text);
          }
        });
  }

  /** Puts an edited file in place of what was loaded from it, whole or not at all. */
  void reload(String name, String location, String text) {
    Catalog.Declared before = catalog.declared();
    try {
      Map<String, Block> edited = parse(location, text);
      Map<String, Block> good = parse(location, lastGood.getOrDefault(name, ""));
      List<RouteDefinition> all = new ArrayList<>();
      edited.values().forEach(block -> all.add(block.route()));
      routes().stream().filter(route -> !name(route).equals(name)).forEach(all::add);
      catalog.declare(catalog.read(all));
      replace(good, edited);
      lastGood.put(name, text);
      LOG.info("{} is reloaded", name);
    } catch (Exception e) {
      catalog.declare(before);
      LOG.error(
          "{} is not reloaded, the last good one goes on serving: {}",
          name,
          BadConfiguration.sentence(e));
    }
  }

  private void replace(Map<String, Block> good, Map<String, Block> edited) throws Exception {
    List<Block> gone = difference(good, edited);
    List<Block> fresh = difference(edited, good);
    try {
      remove(gone);
      add(fresh);
    } catch (Exception e) {
      remove(fresh);
      for (Block block : gone) {
        try {
          add(List.of(block));
        } catch (Exception again) {
          e.addSuppressed(again);
        }
      }
      throw e;
    }
  }

  private static List<Block> difference(Map<String, Block> these, Map<String, Block> those) {
    return these.entrySet().stream()
        .filter(entry -> !entry.getValue().isSame(those.get(entry.getKey())))
        .map(Map.Entry::getValue)
        .toList();
  }

  /** Removes routes, and those that Camel made of their Kamelets. */
  private void remove(List<Block> blocks) throws Exception {
    for (Block block : blocks) {
      String id = block.route().getRouteId();
      for (RouteDefinition route : List.copyOf(model().getRouteDefinitions())) {
        Map<String, Object> parameters = route.getTemplateParameters();
        if (route.getRouteId().equals(id)
            || parameters != null && id.equals(parameters.get("parentRouteId"))) {
          context.getRouteController().stopRoute(route.getRouteId());
          context.removeRoute(route.getRouteId());
        }
      }
    }
  }

  private void add(List<Block> blocks) throws Exception {
    for (Block block : blocks) {
      block.file().prepareRoute(block.route());
      model().addRouteDefinition(block.route());
    }
  }

  /** The routes of a file with their blocks, by id. */
  private Map<String, Block> parse(String location, String text) throws Exception {
    Map<String, Block> parsed = new LinkedHashMap<>();
    if (text.isBlank()) {
      return parsed;
    }
    List<String> blocks =
        Arrays.stream(text.split("(?m)^(?=- )")).filter(b -> b.startsWith("- route:")).toList();
    Resource resource = ResourceHelper.fromString(location, text);
    for (RoutesBuilder builder :
        PluginHelper.getRoutesLoader(context).findRoutesBuilders(List.of(resource))) {
      RoutesDefinition file = ((RouteBuilder) builder).configureRoutes(context);
      if (OTHER_BLOCK.matcher(text).find() || blocks.size() != file.getRoutes().size()) {
        throw new BadConfiguration(
            location + ": each block has to begin with '- route:' in the first column");
      }
      for (RouteDefinition route : file.getRoutes()) {
        Block twice =
            parsed.put(route.getRouteId(), new Block(blocks.get(parsed.size()), route, file));
        Catalog.refuseTwice("the route id", route, twice == null ? null : twice.route());
      }
    }
    return parsed;
  }

  private ModelCamelContext model() {
    return (ModelCamelContext) context;
  }

  /** What stands in the route files: not what Camel makes of Kamelets and of the REST DSL. */
  private List<RouteDefinition> routes() {
    return model().getRouteDefinitions().stream()
        .filter(route -> !Boolean.TRUE.equals(route.isKamelet()))
        .filter(route -> !Boolean.TRUE.equals(route.isRest()))
        .toList();
  }

  private static String name(RouteDefinition route) {
    return route.getLocation() == null ? "" : FileUtil.stripPath(route.getLocation());
  }

  private static String text(Resource resource) throws Exception {
    try (var in = resource.getInputStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
