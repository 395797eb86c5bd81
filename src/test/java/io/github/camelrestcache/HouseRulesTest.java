package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonMetaSchema;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.NonValidationKeyword;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion.VersionFlag;
import com.networknt.schema.ValidationMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * The house rules for route files, Kamelets and application.properties. Each test checks our files
 * against one rule, and checks that the rule detects files that break it.
 */
class HouseRulesTest {

  private static final String SETTINGS = "application.properties";
  private static final House OURS = House.ours();

  /** Takes hundreds of megabytes; set to null after use. */
  private static JsonSchema camelSchema;

  private static final Pattern IN_JAVA = Pattern.compile("\"((?:direct|seda):[^\"]+)\"");
  private static final Pattern SECRET =
      Pattern.compile(
          "gh[opsur]_\\w{6,}|github_pat_\\w+|(?i:bearer) +\\w{6,}|://[^\\s/:@\\[{]*:[^\\s/@]+@");
  private static final Pattern BAD_LINE =
      Pattern.compile("\\t|\\r| $|^.{121,}$|\\n\\n\\z|[^\\n]\\z", Pattern.MULTILINE);

  /** Draft 4 does not define {@code deprecated}, which the schema uses. */
  private static JsonSchema loadCamelSchema() {
    JsonMetaSchema draft4 =
        JsonMetaSchema.builder(JsonMetaSchema.getV4())
            .keyword(new NonValidationKeyword("deprecated"))
            .build();
    return JsonSchemaFactory.getInstance(VersionFlag.V4, builder -> builder.metaSchema(draft4))
        .getSchema(
            HouseRulesTest.class.getResourceAsStream("/schema/camelYamlDsl.json"),
            SchemaValidatorsConfig.builder().preloadJsonSchema(false).cacheRefs(false).build());
  }

  @Test
  void routesHaveIdAndOneSentenceDescription() {
    check(
        House::nodes,
        (house, node) ->
            node.key().matches("route|rest")
                && (node.get("id").isEmpty()
                    || !node.get("description").matches("\\p{Lu}[^.]*(\\.\\S[^.]*)*\\.")),
        "needs an id, and a description of one sentence",
        "- route: { description: What. }",
        "- route: { id: a }",
        "- route: { id: a, description: No full stop }",
        "- rest: { id: a, description: One. Two. }");
  }

  @Test
  void idsAreUniqueAndInKebabCase() {
    check(
        House::texts,
        (house, text) ->
            text.key().equals("id")
                && (!text.text().matches("[a-z0-9]+(-[a-z0-9]+)*")
                    || house.texts().stream().filter(text::isTwin).count() > 1),
        "is a duplicate, or not in kebab-case",
        "- route: { id: twoWords }",
        "- to: { id: to_github }",
        "- route: { id: a }\n- route: { id: a }");
  }

  @Test
  void routesAndKameletsMatchCamelsSchema() {
    camelSchema = loadCamelSchema();
    String sentence = "breaks Camel's schema";
    check(
        House::schemaErrors,
        (house, error) -> true,
        sentence,
        "- route: { from: { uri: direct:a, steps: [{ log: { mesage: a } }] } }",
        "- route: { from: { uri: direct:a } }",
        "- route: { id: 1, from: { uri: direct:a, steps: [] } }",
        "- rout: {}");
    checkIn(
        "kamelets/bad.kamelet.yaml",
        House::schemaErrors,
        (house, error) -> true,
        sentence,
        "spec: { template: { from: { uri: direct:a } } }",
        "spec: { template: { from: { uri: direct:a, steps: [{ log: { mesage: a } }] } } }",
        "spec: { template: { form: {} } }",
        "spec: {}");
    camelSchema = null;
  }

  @Test
  void routeKeysAreIdDescriptionThenFrom() {
    check(
        House::routes,
        (house, route) ->
            !route.map().keySet().toString().matches("\\[id, description, .*\\bfrom]"),
        "must begin with id and description, and end with from",
        "- route: { description: A., id: a, from: {} }",
        "- route: { id: a, from: {}, description: A. }",
        "- route: { id: a, from: {} }");
  }

  @Test
  void urisHaveNoQuery() {
    check(
        House::uris,
        (house, uri) -> uri.text().contains("?"),
        "has a query: put options under parameters",
        "- from: { uri: \"timer:a?period=1\" }",
        "- to: \"log:a?level=INFO\"");
  }

  @Test
  void calledEndpointsExist() {
    BiPredicate<House, Place> missing =
        (house, uri) ->
            uri.text().matches("(direct|seda):.*")
                && house.nodes().stream().noneMatch(n -> n.from().get("uri").equals(uri.text()));
    String sentence = "is called, but no route consumes from it";
    check(House::uris, missing, sentence, "- to: { uri: direct:nobody }", "- to: seda:nobody");
    checkIn("A.java", House::uris, missing, sentence, "send(\"direct:nobody\")");
  }

  @Test
  void endpointsAreNamedAfterTheirRoute() {
    // a queue that a Kamelet reads, such as seda:stored, enters many routes and has its own name
    check(
        House::routes,
        (house, route) ->
            route.from().get("uri").matches("(direct|seda):.*")
                && !route.from().get("uri").endsWith(":" + route.get("id")),
        "consumes from an endpoint of another name",
        "- route: { id: a, from: { uri: direct:b } }",
        "- route: { id: a, from: { uri: seda:b } }");
  }

  @Test
  void onlyStoreFileNamesRedis() {
    check(
        House::texts,
        (house, text) ->
            !text.file().endsWith("/store.camel.yaml")
                && !text.key().matches("description|title|id")
                && text.text().matches("(?i).*redis.*"),
        "names Redis, which only store.camel.yaml may",
        "- to: { uri: spring-redis:store }",
        "- setHeader: { name: CamelRedis.Key }");
  }

  @Test
  void onlyGithubFileNamesTheUpstream() {
    check(
        House::texts,
        (house, text) ->
            !text.file().endsWith("/github.camel.yaml")
                && text.key().matches("uri|to|toD|clientBuilder")
                && text.text().matches("(?i)https?:.*|.*github\\.api.*|.*client"),
        "names the upstream, which only github.camel.yaml may",
        "- to: { uri: \"{{github.api.url}}\" }",
        "- to: https://api.github.com",
        "- to: { uri: x, parameters: { clientBuilder: \"#githubClient\" } }");
  }

  @Test
  void filesContainNoSecrets() {
    check(
        House::wholes,
        (house, file) -> SECRET.matcher(file.text()).find(),
        "contains something that looks like a token or a password",
        "# ghp_0123456789abcdef",
        "# github_pat_0123456789abcdef",
        "# Authorization: Bearer 0123456789",
        "- to: { uri: \"redis://me:pass@host\" }");
    checkIn(
        SETTINGS,
        House::settings,
        (house, setting) ->
            setting.key().matches(".*(token|secret|password).*")
                && !setting.text().matches("(?s).*\n\\{\\{env:\\w+:}}"),
        "is a secret and has a default",
        "github.api.token = {{env:GITHUB_API_TOKEN:x}}",
        "redis.password = b");
  }

  @Test
  void expressionsAreShortWithOneOperator() {
    check(
        House::texts,
        (house, text) ->
            text.key().matches("expression|simple|method|jq")
                // a Redis key is a single name of any length
                && !text.text().matches("camel-rest-cache:\\S+")
                && text.text().matches(".{61,}|.* (&&|\\|\\||and|or|\\?) .*"),
        "is too complex: move it to Java",
        "- setBody: { simple: \"" + "x".repeat(61) + "\" }",
        "- setBody: { expression: { simple: { expression: \"${a} == 1 && ${b}\" } } }",
        "- setBody: { expression: { simple: { expression: \"${a} ? 'b' : 'c'\" } } }");
  }

  @Test
  void routesUseNoGroovy() {
    check(
        House::nodes,
        (house, node) -> node.key().equals("groovy") || node.get("language").equals("groovy"),
        "uses Groovy",
        "- setBody: { expression: { groovy: { expression: \"1\" } } }",
        "- setBody: { expression: { language: { language: groovy } } }");
  }

  @Test
  void routesHaveAtMostTwelveStepsAndThreeLevels() {
    // a step with nested steps counts as one
    check(
        House::routes,
        (house, route) -> route.from().steps() > 12 || levels(route.map()) > 3,
        "has more than 12 steps or 3 levels",
        "- route: { from: { steps: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13] } }",
        "- route: { from: { steps: [{ a: { steps: [{ b: { steps: [{ steps: [] }] } }] } }] } }");
  }

  private static int levels(Object yaml) {
    if (yaml instanceof Map<?, ?> map) {
      int here = map.containsKey("steps") ? 1 + levels(map.get("steps")) : 0;
      return Math.max(here, levels(List.copyOf(map.values())));
    }
    return yaml instanceof List<?> list
        ? list.stream().mapToInt(HouseRulesTest::levels).max().orElse(0)
        : 0;
  }

  @Test
  void endpointsAndViewsHaveAtMostEightLines() {
    for (String file : List.of("routes/endpoints.camel.yaml", "routes/views.camel.yaml")) {
      checkIn(
          file,
          House::blocks,
          (house, block) ->
              block.file().matches("routes/(endpoints|views)\\..*")
                  && block.text().lines().filter(line -> !line.matches("\\s*(#.*)?")).count() > 8,
          "has more than 8 lines",
          "- a: b\n- route:\n    a: >\n" + "      b\n".repeat(7));
    }
  }

  @Test
  void linesAreShortWithoutTabsOrTrailingSpaces() {
    check(
        House::wholes,
        (house, file) -> BAD_LINE.matcher(file.text()).find(),
        "has a tab, CR, trailing space or blank line, no final LF, or more than 120 columns",
        "# " + "x".repeat(119) + "\n",
        "# a\r\n",
        "# a\tb\n",
        "# a \n",
        "# a",
        "# a\n\n");
  }

  @Test
  void settingsHaveACommentNamingTheirVariable() {
    checkIn(
        SETTINGS,
        House::settings,
        (house, setting) -> {
          String variable = setting.key().toUpperCase(Locale.ROOT).replaceAll("[.-]", "_");
          String documented = "(?s).*\\b%s\\b.*\n\\{\\{env:%s:.*".formatted(variable, variable);
          return !setting.key().startsWith("camel.") && !setting.text().matches(documented);
        },
        "needs its environment variable in the comment and in the value",
        "a.b = {{env:A_B:1}}",
        "# a.b\na.b = {{env:A_B:1}}",
        "# MY_A_B\na.b = {{env:A_B:1}}",
        "# A_B\n\na.b = {{env:A_B:1}}",
        "# A_B\na.b = 1");
  }

  @Test
  void fileNamesAreKebabCase() {
    for (String bad : List.of("routes/twoWords.camel.yaml", "routes/a.yaml", "kamelets/a.txt")) {
      checkIn(
          bad,
          House::wholes,
          (house, file) ->
              file.file().matches("(routes|kamelets)/.*")
                  && !file.file().matches("routes/[a-z0-9-]+\\.camel\\.yaml")
                  && !file.file().matches("kamelets/[a-z0-9-]+\\.kamelet\\.yaml"),
          "is not named name.camel.yaml or name.kamelet.yaml, in kebab-case",
          "[]\n");
    }
  }

  private static void check(
      Function<House, List<Place>> places,
      BiPredicate<House, Place> wrong,
      String sentence,
      String... badTexts) {
    checkIn("routes/bad.camel.yaml", places, wrong, sentence, badTexts);
  }

  private static void checkIn(
      String badFile,
      Function<House, List<Place>> places,
      BiPredicate<House, Place> wrong,
      String sentence,
      String... badTexts) {
    Function<House, List<String>> broken =
        house ->
            places.apply(house).stream()
                .filter(place -> wrong.test(house, place))
                .map(place -> place + " " + sentence)
                .toList();
    assertThat(broken.apply(OURS)).isEmpty();
    for (String bad : badTexts) {
      assertThat(broken.apply(new House(Map.of(badFile, bad))))
          .as(bad)
          .isNotEmpty()
          .allMatch(message -> message.startsWith(badFile + ": "));
    }
  }

  /** A text or mapping under a key, possibly in a route; or a whole file, without a key. */
  private record Place(String file, String route, String key, String text, Map<?, ?> map) {

    Place(String file, String key, String text) {
      this(file, "", key, text, Map.of());
    }

    String get(String name) {
      return map.get(name) instanceof String value ? value : "";
    }

    Place from() {
      Object from = map.get("from");
      return new Place(file, route, "from", "", from instanceof Map<?, ?> m ? m : Map.of());
    }

    boolean isTwin(Place other) {
      return key.equals(other.key) && text.equals(other.text);
    }

    int steps() {
      return map.get("steps") instanceof List<?> steps ? steps.size() : 0;
    }

    @Override
    public String toString() {
      String what =
          "%s '%s'".formatted(key, map.isEmpty() ? text.replaceFirst("(?s)\n.*", "…") : get("id"));
      String within = route.isEmpty() ? "" : "in the route '" + route + "', ";
      return file + ": " + within + (key.isEmpty() ? "it" : what);
    }
  }

  /** Texts by file name, and all places in the YAML files. */
  private record House(Map<String, String> files, List<Place> all) {

    House(Map<String, String> files) {
      this(files, new ArrayList<>());
      files.forEach(
          (file, text) -> {
            if (file.endsWith(".yaml")) {
              collect(new Place(file, "", ""), yaml(text), all);
            }
          });
    }

    private static Object yaml(String text) {
      return new Load(LoadSettings.builder().build()).loadFromString(text);
    }

    static House ours() {
      Map<String, String> files = new TreeMap<>();
      for (String root : List.of("routes", "kamelets", SETTINGS, "src/main/java")) {
        try (Stream<Path> found = Files.walk(Path.of(root))) {
          for (Path file : found.filter(Files::isRegularFile).toList()) {
            files.put(file.toString().replace('\\', '/'), Files.readString(file));
          }
        } catch (IOException e) {
          throw new AssertionError(e);
        }
      }
      return new House(files);
    }

    /** The violations of Camel's schema: of nested errors, the innermost. */
    List<Place> schemaErrors() {
      List<Place> errors = new ArrayList<>();
      for (Place file : wholes()) {
        if (file.file().endsWith(".yaml")) {
          JsonNode json = new ObjectMapper().valueToTree(yaml(file.text()));
          Set<ValidationMessage> all =
              camelSchema.validate(json.isArray() ? json : asRouteTemplate(json));
          List<String> places = all.stream().map(e -> e.getInstanceLocation().toString()).toList();
          for (ValidationMessage error : all) {
            String inside = error.getInstanceLocation() + "/";
            if (places.stream().noneMatch(place -> place.startsWith(inside))) {
              errors.add(new Place(file.file(), "schema", error.getMessage()));
            }
          }
        }
      }
      return errors;
    }

    /** A Kamelet as the routeTemplate block that Camel makes of it; {@code from} is required. */
    private static JsonNode asRouteTemplate(JsonNode kamelet) {
      ArrayNode blocks = JsonNodeFactory.instance.arrayNode();
      ObjectNode block = blocks.addObject().putObject("routeTemplate");
      block.put("id", "kamelet").putNull("from");
      kamelet.at("/spec/template").properties().forEach(e -> block.set(e.getKey(), e.getValue()));
      return blocks;
    }

    List<Place> wholes() {
      List<Place> wholes = new ArrayList<>();
      files.forEach((file, text) -> wholes.add(new Place(file, "", text)));
      return wholes;
    }

    List<Place> blocks() {
      List<Place> blocks = new ArrayList<>();
      files.forEach(
          (file, text) ->
              Stream.of(text.split("(?m)^(?=- )"))
                  .forEach(block -> blocks.add(new Place(file, "block", block))));
      return blocks;
    }

    List<Place> nodes() {
      return all.stream().filter(place -> !place.map().isEmpty()).toList();
    }

    List<Place> routes() {
      return nodes().stream().filter(place -> place.key().equals("route")).toList();
    }

    List<Place> texts() {
      return all.stream().filter(place -> !place.text().isEmpty()).toList();
    }

    /** The endpoint URIs in YAML and Java, of producers and consumers. */
    List<Place> uris() {
      List<Place> uris = new ArrayList<>(texts());
      uris.removeIf(text -> !text.key().matches("uri|to|toD|from|wireTap"));
      for (Place file : wholes()) {
        if (file.file().endsWith(".java")) {
          IN_JAVA
              .matcher(file.text())
              .results()
              .forEach(found -> uris.add(new Place(file.file(), "uri", found.group(1))));
        }
      }
      return uris;
    }

    private static void collect(Place place, Object value, List<Place> all) {
      String key = place.key();
      if (value instanceof List<?> list) {
        list.forEach(item -> collect(place, item, all));
      } else if (value instanceof Map<?, ?> map) {
        Place node = new Place(place.file(), place.route(), key, "", map);
        String route = key.equals("route") ? node.get("id") : place.route();
        all.add(node);
        map.forEach(
            (k, v) -> collect(new Place(place.file(), route, k.toString(), "", map), v, all));
      } else if (value != null) {
        all.add(new Place(place.file(), place.route(), key, value.toString(), Map.of()));
      }
    }

    /** The settings without the wiring; the text has the comment above, then the value. */
    List<Place> settings() {
      List<Place> settings = new ArrayList<>();
      String comment = "";
      String all = files.getOrDefault(SETTINGS, "").split("# Everything below is wiring", 2)[0];
      for (String block : all.split("\n\\s*\n")) {
        for (String line : block.lines().toList()) {
          Matcher setting = Pattern.compile("([^#=:\\s]+)\\s*[=:]\\s*(.*)").matcher(line);
          if (setting.matches()) {
            settings.add(new Place(SETTINGS, setting.group(1), comment + "\n" + setting.group(2)));
          } else {
            comment += line;
          }
        }
        comment = "";
      }
      return settings;
    }
  }
}
