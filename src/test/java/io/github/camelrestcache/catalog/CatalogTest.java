package io.github.camelrestcache.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.catalog.CachedEndpoint.Shape;
import io.github.camelrestcache.catalog.View.Measure;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.kamelet.KameletComponent;
import org.apache.camel.component.properties.PropertiesComponent;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CatalogTest {

  private static final String REPOS = endpoint("repos", "path: /orgs/x/repos");
  private static final DefaultCamelContext CONTEXT = new DefaultCamelContext();
  private static final Catalog CATALOG = new Catalog(CONTEXT);

  @BeforeAll
  static void start() {
    Properties properties = new Properties();
    properties.setProperty("refresh.interval", "5m");
    properties.setProperty("github.org", "x");
    PropertiesComponent component = new PropertiesComponent();
    component.setInitialProperties(properties);
    component.setEnvironmentVariableMode(PropertiesComponent.ENVIRONMENT_VARIABLES_MODE_NEVER);
    CONTEXT.setPropertiesComponent(component);
    CONTEXT.setSourceLocationEnabled(true);
    CONTEXT.getComponent("kamelet", KameletComponent.class).setLocation("file:kamelets");
  }

  @AfterAll
  static void stop() throws Exception {
    CONTEXT.close();
  }

  private static String block(String id, String kamelet, String parameters) {
    return """
        - route:
            id: %s
            description: What it is.
            from:
              uri: kamelet:%s
              parameters: { %s }
              steps:
                - to: { uri: direct:refresh }
        """
        .formatted(id, kamelet, parameters);
  }

  private static String endpoint(String id, String parameters) {
    return block(id, "cached-endpoint", parameters);
  }

  private static String view(String id, String parameters) {
    return block(id, "ranked-view", parameters);
  }

  private static Catalog.Declared read(String... blocks) throws Exception {
    return readFrom("file:routes/a.camel.yaml", blocks);
  }

  private static Catalog.Declared readFrom(String location, String... blocks) throws Exception {
    var file = ResourceHelper.fromString(location, String.join("", blocks));
    List<RouteDefinition> routes = new ArrayList<>();
    for (var builder : PluginHelper.getRoutesLoader(CONTEXT).findRoutesBuilders(List.of(file))) {
      routes.addAll(((RouteBuilder) builder).configureRoutes(CONTEXT).getRoutes());
    }
    return CATALOG.read(routes);
  }

  @Test
  void routesDeclareEndpointsAndViewsWithKameletDefaults() throws Exception {
    Catalog.Declared declared =
        read(
            view("view-a", "view: a, list: \"/orgs/{{github.org}}/repos\", field: forks"),
            endpoint("root", "path: /, shape: object, every: 1h"),
            endpoint("repos", "path: \"/orgs/{{github.org}}/repos\""),
            view("view-b", "view: b, list: /orgs/x/repos, field: id, label: login"));
    assertThat(declared.endpoints().values())
        .extracting(
            CachedEndpoint::id,
            CachedEndpoint::path,
            CachedEndpoint::shape,
            CachedEndpoint::every,
            CachedEndpoint::description)
        .containsExactly(
            tuple("root", "/", Shape.OBJECT, Duration.ofHours(1), "What it is."),
            tuple("repos", "/orgs/x/repos", Shape.LIST, Duration.ofMinutes(5), "What it is."));
    assertThat(declared.views().values())
        .extracting(View::name, View::lists, View::field, View::label)
        .containsExactly(
            tuple("a", List.of("/orgs/x/repos"), "forks", "full_name"),
            tuple("b", List.of("/orgs/x/repos"), "id", "login"));
    assertThat(declared.endpoints().get("/").source()).isEqualTo("routes/a.camel.yaml:9");
  }

  @ParameterizedTest
  @CsvSource({
    "file:routes/a.camel.yaml, routes/a.camel.yaml:1",
    "file:a.camel.yaml, a.camel.yaml:1",
    "file:/home/me/my cache/routes/a.camel.yaml, routes/a.camel.yaml:1",
    "classpath:routes/a.camel.yaml, routes/a.camel.yaml:1",
    "classpath:file:/app/camel-rest-cache.jar!/routes/a.camel.yaml, routes/a.camel.yaml:1",
    "jar:file:/app/camel-rest-cache.jar!/a.camel.yaml, a.camel.yaml:1",
  })
  void sourceIsRelativePathAndLine(String location, String source) throws Exception {
    assertThat(readFrom(location, REPOS).endpoints().get("/orgs/x/repos").source())
        .isEqualTo(source);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "pth: /a                | no parameter 'pth': did you mean 'path'?",
        "path: /a, evry: 5m     | no parameter 'evry': did you mean 'every'?",
        "shape: list            | 'path' of the Kamelet cached-endpoint is missing",
        "path: a                | 'path' of the Kamelet cached-endpoint is 'a', but must be",
        "path: /a/              | 'path' of the Kamelet cached-endpoint is '/a/'",
        "path: /a//b            | 'path' of the Kamelet cached-endpoint is '/a//b'",
        "path: \"/a?\"          | 'path' of the Kamelet cached-endpoint is '/a?'",
        "path: \"/healthcheck?a\" | 'path' of the Kamelet cached-endpoint is '/healthcheck?a'",
        "path: \"/a?page=2\"    | is '/a?page=2', but must be a path such as /orgs/Netflix/repos, without page",
        "path: \"/a?b=1&c=2\"   | no parameter 'c' (write a path with & as RAW(/path?a=1&b=2))",
        "path: \"RAW(/a?b=1&per_page=2)\" | is '/a?b=1&per_page=2', but must be",
        "path: /a, shape: object, items: b | is 'b', but must be left out with shape: object",
        "path: /a, accept: json | is 'json', but must be a media type",
        "path: /a, shape: array | is 'array', but must be list or object",
        "path: /a, every: ten   | is 'ten', but must be a time above 0",
        "path: /a, every: 0     | is '0', but must be a time above 0",
        "path: /webhook/github  | 'path' of the Kamelet cached-endpoint is '/webhook/github'",
        "path: /a, events: Star | is 'Star', but must be names of events such as star,push",
        "path: /a, events: a b  | is 'a b', but must be names of events such as star,push",
        "path: /a, events: \"a,\" | is 'a,', but must be names of events such as star,push",
      })
  void invalidEndpointIsRejectedWithFileAndLine(String parameters, String sentence) {
    assertThat(catchThrowableOfType(BadConfiguration.class, () -> read(endpoint("a", parameters))))
        .hasMessageStartingWith("routes/a.camel.yaml:")
        .hasMessageContaining(sentence);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "view: a, list: /orgs/x/repos            | 'field' of the Kamelet ranked-view is missing",
        "view: a b, list: /orgs/x/repos, field: f | 'view' of the Kamelet ranked-view is 'a b'",
        "view: a, list: /orgs/x/repo, field: f   | did you mean '/orgs/x/repos'?",
        "view: a, list: /orgs/x, field: f        | '/orgs/x', which is not a cached list",
        "view: a, list: /orgs/x/repos, feld: f   | no parameter 'feld': did you mean 'field'?",
        "view: a, list: \"/orgs/x/repos,/b\", field: f | the view 'a' ranks '/b', which is not a cached list",
        "view: a, list: /orgs/x/repos, field: f, only: fork | 'only' of the Kamelet ranked-view is 'fork', but must be",
        "view: a, list: /orgs/x/repos, field: f, only: \"a==b\" | is 'a==b', but must be conditions such as",
        "view: a, list: /orgs/x/repos, field: f, only: \"a=b,\" | is 'a=b,', but must be conditions such as",
        "view: a, list: /orgs/x/repos, field: f, fields: \"a,,b\" | is 'a,,b', but must be fields such as",
      })
  void invalidViewIsRejectedWithFileAndLine(String parameters, String sentence) {
    String object = endpoint("org", "path: /orgs/x, shape: object");
    String bad = view("view-a", parameters);
    assertThat(catchThrowableOfType(BadConfiguration.class, () -> read(REPOS, object, bad)))
        .hasMessageStartingWith("routes/a.camel.yaml:")
        .hasMessageContaining(sentence);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "view: a                       | 'by' of the Kamelet grouped-view is missing",
        "view: a, by: l, measure: median | 'median', but must be count, or sum, avg or max of a field",
        "view: a, by: l, measure: sum  | 'sum', but must be count, or sum, avg or max of a field",
        "view: a, by: l, sum: s, avg: t | 'avg' of the Kamelet grouped-view is 't', but must be left out",
        "view: a, by: l, sum: s, measure: \"max: s\" | 'max: s', but must be left out with sum",
        "view: a, by: l, max: s=t      | the parameter 'max' of the Kamelet grouped-view is 's=t'",
        "view: a, by: l, label: f      | the Kamelet grouped-view has no parameter 'label'",
      })
  void invalidGroupedViewIsRejectedWithFileAndLine(String parameters, String sentence) {
    String bad = block("view-a", "grouped-view", "list: /orgs/x/repos, " + parameters);
    assertThat(refused(REPOS, bad)).startsWith("routes/a.camel.yaml:").contains(sentence);
  }

  @Test
  void viewHasSeveralListsConditionsAndFields() throws Exception {
    String both = "list: \"/orgs/x/repos, /b\", only: \"fork=false, language!=C++, l=A B\"";
    Catalog.Declared declared =
        read(
            REPOS,
            endpoint("b", "path: /b"),
            endpoint("c", "path: \"/c?d=e,f\""),
            view("view-c", "view: c, list: \"/c?d=e,f,/b\", field: id"),
            view("view-a", "view: a, field: a.b, fields: \"c, d.e\", " + both),
            block("view-g", "grouped-view", "view: g, by: l, measure: \"sum: s.t\", " + both),
            block("view-m", "grouped-view", "view: m, by: l, list: /b, max: s.t"),
            block("view-n", "grouped-view", "view: n, by: l, list: /b"));
    View ranked = declared.views().get("a");
    View grouped = declared.views().get("g");
    assertThat(declared.views().get("c").lists()).containsExactly("/c?d=e,f", "/b");
    assertThat(ranked.lists()).containsExactly("/orgs/x/repos", "/b");
    assertThat(ranked.only())
        .containsExactly(
            new Condition("fork", true, "false"),
            new Condition("language", false, "C++"),
            new Condition("l", true, "A B"));
    assertThat(ranked.read())
        .containsExactly("full_name", "c", "d.e", "a.b", "fork", "language", "l");
    assertThat(grouped.only()).isEqualTo(ranked.only());
    assertThat(grouped).extracting(View::measure, View::field).containsExactly(Measure.SUM, "s.t");
    assertThat(declared.views().get("m"))
        .extracting(View::measure, View::field)
        .containsExactly(Measure.MAX, "s.t");
    assertThat(declared.views().get("n"))
        .extracting(View::measure, View::field)
        .containsExactly(Measure.COUNT, null);
  }

  @Test
  void eventAffectsOnlyEndpointsThatListIt() throws Exception {
    CATALOG.declare(
        read(
            endpoint("a", "path: /a, events: \"star,pull_request\""),
            endpoint("b", "path: /b, events: push"),
            endpoint("c", "path: /c"),
            endpoint("d", "path: /d, events: \"push, star , push\"")));
    assertThat(changedBy("star")).containsExactly("/a", "/d");
    assertThat(changedBy("push")).containsExactly("/b", "/d");
    assertThat(changedBy("pull_request")).containsExactly("/a");
    assertThat(changedBy("pull")).isEmpty();
    assertThat(changedBy("")).isEmpty();
  }

  private static List<String> changedBy(String event) {
    return CATALOG.changedBy(event).stream().map(CachedEndpoint::path).toList();
  }

  @Test
  void duplicateIdsPathsAndViewsAreRejected() {
    String view = "list: /orgs/x/repos, field: f, view: v";
    assertThat(refused(REPOS, endpoint("repos", "path: /b")))
        .contains("the route id 'repos' is already declared at routes/a.camel.yaml:");
    assertThat(refused(REPOS, endpoint("other", "path: /orgs/x/repos")))
        .contains("the path '/orgs/x/repos' is already declared at routes/a.camel.yaml:");
    assertThat(
            refused(
                endpoint("one", "path: \"RAW(/a?b=1&c=2)\""),
                endpoint("other", "path: \"RAW(/a?c=2&b=1)\"")))
        .contains("the path '/a?b=1&c=2' is already declared at routes/a.camel.yaml:");
    assertThat(refused(REPOS, view("a", view), view("b", view)))
        .contains("the view 'v' is already declared at routes/a.camel.yaml:");
    assertThat(refused(block("a", "cached-endpont", "path: /a")))
        .contains("the Kamelet cached-endpont cannot be read");
  }

  private static String refused(String... blocks) {
    BadConfiguration bad = catchThrowableOfType(BadConfiguration.class, () -> read(blocks));
    assertThat(bad).isNotNull();
    return bad.getMessage();
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /orgs/x/repos, true",
    "HEAD, /orgs/x/repos, true",
    "POST, /orgs/x/repos, false",
    "GET, /orgs/x/repos?page=2, true",
    "GET, /orgs/x/repos/, false",
    "GET, /orgs/X/repos, false",
    "GET, /orgs/./x/repos, false",
    "GET, //orgs/x/repos, false",
    "GET, /orgs/%78/repos, false",
  })
  void endpointMatchesExactPathOnly(String method, String target, boolean is) throws Exception {
    CATALOG.declare(read(REPOS));
    ClientRequest request = ClientRequest.head("id", method, target, null, new HttpFields());
    assertThat(CATALOG.asked(request) != null).isEqualTo(is);
  }
}
