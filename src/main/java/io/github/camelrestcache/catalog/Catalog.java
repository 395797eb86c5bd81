package io.github.camelrestcache.catalog;

import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.catalog.CachedEndpoint.Shape;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.apache.camel.Variable;
import org.apache.camel.component.kamelet.KameletComponent;
import org.apache.camel.model.ModelCamelContext;
import org.apache.camel.model.ModelLifecycleStrategySupport;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.model.RouteTemplateDefinition;
import org.apache.camel.model.RouteTemplateParameterDefinition;
import org.apache.camel.model.ToDefinition;
import org.apache.camel.support.RouteTemplateHelper;

/**
 * The endpoints and views that the route files declare with the Kamelets. Rejects mistakes that
 * Camel accepts silently: unknown parameters, invalid times, duplicate ids or paths, and views of
 * lists that are not cached.
 */
public final class Catalog {

  private static final String ENDPOINT = "cached-endpoint";
  private static final String RANKED = "ranked-view";
  private static final String GROUPED = "grouped-view";

  /** A normalized path that this service does not use itself. */
  private static final String ENDPOINT_PATH =
      "/|(?!/healthcheck([?]|$)|/webhook/github([?]|$)|/view/|[^?]*/\\.{1,2}([/?]|$))(/[A-Za-z0-9._~@:%-]+)+"
          + "(\\?(?!(.*&)?(page|per_page)=)[A-Za-z0-9._~!$'()*+,;:@/?%&=-]+)?";

  private static final String NO_ROUTES =
      "No routes are loaded. For JBang: camel run application.properties routes/*.camel.yaml --dev";
  private static final String EVENTS = "|[a-z_]+(\\s*,\\s*[a-z_]+)*";

  /**
   * A consistent snapshot of all declarations.
   *
   * @param endpoints by {@linkplain Target#normalized normalized} path, in declaration order
   */
  record Declared(Map<String, CachedEndpoint> endpoints, Map<String, View> views) {}

  private volatile Declared declared = new Declared(Map.of(), Map.of());
  private final ModelCamelContext context;

  public Catalog(CamelContext context) {
    this.context = (ModelCamelContext) context;
  }

  /** The endpoint with this path, or null; the parameters of a query may be in any order. */
  public CachedEndpoint endpoint(@Variable("path") String path) {
    return declared.endpoints().get(Target.normalized(path));
  }

  /** The endpoint that a GET or HEAD request reads, or null. */
  public CachedEndpoint asked(@Variable("request") ClientRequest request) {
    return request.isRead() ? endpoint(request.target()) : null;
  }

  /** The view of this name, or null. */
  public View view(String name) {
    return declared.views().get(name);
  }

  /** The lists of a view. */
  public List<CachedEndpoint> lists(View view) {
    return view.lists().stream().map(this::endpoint).filter(Objects::nonNull).toList();
  }

  /** One of the lists of a view, counted from 0, or null if it is not declared any more. */
  public CachedEndpoint list(
      @Variable("view") View view, @ExchangeProperty(Exchange.LOOP_INDEX) int index) {
    return endpoint(view.lists().get(index));
  }

  /** The list of a view with the longest refresh interval. */
  public CachedEndpoint slowest(@Variable("view") View view) {
    return Collections.max(lists(view), Comparator.comparing(CachedEndpoint::every));
  }

  /** The endpoints that a webhook event refreshes, in declaration order. */
  public List<CachedEndpoint> changedBy(String event) {
    return endpoints().stream().filter(each -> each.events().contains(event)).toList();
  }

  /** All endpoints, in declaration order. */
  public Collection<CachedEndpoint> endpoints() {
    return declared.endpoints().values();
  }

  /** All views, in declaration order. */
  public Collection<View> views() {
    return declared.views().values();
  }

  /**
   * Reads the declarations of the loaded routes.
   *
   * @throws BadConfiguration with file and line
   */
  public void declare() {
    List<RouteDefinition> routes = context.getRouteDefinitions();
    if (routes.isEmpty()) {
      throw new BadConfiguration(NO_ROUTES);
    }
    declare(read(routes));
  }

  /** Rejects duplicate route ids with both locations, which Camel's own error omits. */
  public static void refuseIdsTwice(CamelContext context) {
    Map<String, String> sources = new HashMap<>();
    ((ModelCamelContext) context)
        .addModelLifecycleStrategy(
            new ModelLifecycleStrategySupport() {
              @Override
              public void onAddRouteDefinition(RouteDefinition route) {
                boolean loading = !context.isStarting() && !context.isStarted();
                if (loading && route.getId() != null) {
                  refuseTwice("the route id", route.getId(), source(route), sources);
                }
              }
            });
  }

  Declared declared() {
    return declared;
  }

  void declare(Declared now) {
    declared = now;
  }

  /**
   * Returns the declarations of these routes.
   *
   * @throws BadConfiguration with file and line
   */
  Declared read(List<RouteDefinition> routes) {
    Map<String, CachedEndpoint> endpoints = new LinkedHashMap<>();
    Map<String, View> views = new LinkedHashMap<>();
    Map<String, String> sources = new HashMap<>();
    Set<String> entries = new HashSet<>(Set.of("direct:refresh", "direct:rank"));
    routes.forEach(route -> entries.add(route.getInput().getEndpointUri()));
    for (RouteDefinition route : routes) {
      String source = source(route);
      if (route.getId() != null) {
        refuseTwice("the route id", route.getId(), source, sources);
      }
      Kamelet kamelet = Kamelet.of(context, route, source);
      if (kamelet == null) {
        continue;
      }
      if (!route.hasCustomIdAssigned()) {
        throw new BadConfiguration(source + ": the block has no id: add one, such as org-repos");
      }
      complete(kamelet);
      refuseDeadEnd(route, source, entries);
      if (kamelet.name().equals(ENDPOINT)) {
        CachedEndpoint endpoint = endpoint(route, kamelet);
        String target = Target.normalized(endpoint.path());
        refuseTwice("the path", target, source, sources);
        endpoints.put(target, endpoint);
      } else if (kamelet.name().equals(RANKED) || kamelet.name().equals(GROUPED)) {
        View view = View.of(route.getDescriptionText(), kamelet, kamelet.name().equals(GROUPED));
        refuseTwice("the view", view.name(), source, sources);
        views.put(view.name(), view);
      }
    }
    List<String> lists =
        endpoints.values().stream()
            .filter(endpoint -> endpoint.shape() == Shape.LIST)
            .map(CachedEndpoint::path)
            .toList();
    for (View view : views.values()) {
      for (String list : view.lists()) {
        if (!lists.contains(list)) {
          String sentence = "the view '%s' ranks '%s', which is not a cached list";
          throw unknown(view.source(), sentence.formatted(view.name(), list), list, lists);
        }
      }
    }
    return new Declared(endpoints, views);
  }

  private static CachedEndpoint endpoint(RouteDefinition route, Kamelet kamelet) {
    String path =
        kamelet.parameter(
            "path", "a path such as /orgs/Netflix/repos, without page and per_page", ENDPOINT_PATH);
    String shape = kamelet.parameter("shape", "list or object", "list|object");
    String items = kamelet.parameter("items", "the name of a field with a list", "\\S*");
    if (shape.equals("object") && !items.isEmpty()) {
      throw kamelet.invalid("items", "left out with shape: object");
    }
    String events = kamelet.parameter("events", "names of events such as star,push", EVENTS);
    long every = Settings.millis(kamelet.given().get("every"));
    if (every <= 0) {
      throw kamelet.invalid("every", "a time above 0 such as 2s, 5m or 1h");
    }
    return new CachedEndpoint(
        route.getId(),
        Objects.toString(route.getDescriptionText(), ""),
        path,
        kamelet.template("path"),
        Shape.valueOf(shape.toUpperCase(Locale.ROOT)),
        items,
        kamelet.parameter("accept", "a media type in lower case", "|[a-z]+/[a-z0-9.+-]+"),
        Duration.ofMillis(every),
        events.isEmpty() ? Set.of() : Set.copyOf(List.of(events.split("\\s*,\\s*"))),
        kamelet.source());
  }

  /** Rejects a step to a missing route, which Camel detects only at the first message. */
  private static void refuseDeadEnd(RouteDefinition block, String source, Set<String> entries) {
    for (var step : block.getOutputs()) {
      if (step instanceof ToDefinition to
          && to.getUri().startsWith("direct:")
          && !entries.contains(to.getUri())) {
        throw unknown(source, "no route starts from '" + to.getUri() + "'", to.getUri(), entries);
      }
    }
  }

  /** Rejects unknown parameters, and adds the default values of those that are not given. */
  private void complete(Kamelet kamelet) {
    Map<String, String> given = kamelet.given();
    Map<String, String> defaults = new HashMap<>();
    for (RouteTemplateParameterDefinition each : template(kamelet).getTemplateParameters()) {
      defaults.put(each.getName(), each.getDefaultValue());
    }
    for (String name : given.keySet()) {
      if (!defaults.containsKey(name)) {
        String sentence = "the Kamelet %s has no parameter '%s'".formatted(kamelet.name(), name);
        if (given.getOrDefault("path", "").contains("?")) {
          sentence += " (write a path with & as RAW(/path?a=1&b=2))";
        }
        throw unknown(kamelet.source(), sentence, name, defaults.keySet());
      }
    }
    defaults.forEach(
        (name, value) ->
            given.computeIfAbsent(name, key -> context.resolvePropertyPlaceholders(value)));
  }

  private RouteTemplateDefinition template(Kamelet kamelet) {
    try {
      if (context.getRouteTemplateDefinition(kamelet.name()) == null) {
        String location = context.getComponent("kamelet", KameletComponent.class).getLocation();
        RouteTemplateHelper.loadRouteTemplateFromLocation(context, null, kamelet.name(), location);
      }
      return context.getRouteTemplateDefinition(kamelet.name());
    } catch (Exception e) {
      String sentence =
          "the Kamelet %s cannot be read (%s)"
              .formatted(kamelet.name(), BadConfiguration.sentence(e));
      throw unknown(kamelet.source(), sentence, kamelet.name(), List.of(ENDPOINT, RANKED, GROUPED));
    }
  }

  /** Rejects a name that is in use; {@code sources} holds the places of the names so far. */
  private static void refuseTwice(
      String what, String name, String source, Map<String, String> sources) {
    String before = sources.putIfAbsent(what + name, source);
    if (before != null) {
      throw new BadConfiguration(
          "%s: %s '%s' is already declared at %s: it must be unique"
              .formatted(source, what, name, before));
    }
  }

  private static BadConfiguration unknown(
      String source, String sentence, String name, Collection<String> known) {
    return new BadConfiguration(
        source + ": " + sentence + ": " + BadConfiguration.suggestion(name, known));
  }

  /** Folder, file and line. The parent path is omitted because the management port shows it. */
  static String source(RouteDefinition route) {
    if (route.getLocation() == null) {
      return "a route of no file";
    }
    String file = route.getLocation().replaceFirst("^.*?(([^/:!]+/)?[^/:!]+)$", "$1");
    return file + ":" + route.getLineNumber();
  }
}
