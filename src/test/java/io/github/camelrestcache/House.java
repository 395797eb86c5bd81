package io.github.camelrestcache;

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
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** Texts by file name, and all places in the YAML files. */
record House(Map<String, String> files, List<Place> all) {

  static final String SETTINGS = "application.properties";
  static final Pattern SECRET =
      Pattern.compile(
          "gh[opsur]_\\w{6,}|github_pat_\\w+|(?i:bearer) +\\w{6,}|://[^\\s/:@\\[{]*:[^\\s/@]+@");
  private static final Pattern IN_JAVA = Pattern.compile("\"((?:direct|seda):[^\"]+)\"");

  /** Takes hundreds of megabytes, so it is loaded for one test alone. */
  private static JsonSchema camelSchema;

  /** A text or mapping under a key, possibly in a route; or a whole file, without a key. */
  record Place(String file, String route, String key, String text, Map<?, ?> map) {

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
      map.forEach((k, v) -> collect(new Place(place.file(), route, k.toString(), "", map), v, all));
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

  /** Draft 4 does not define {@code deprecated}, which the schema uses. */
  static void loadCamelSchema() {
    JsonMetaSchema draft4 =
        JsonMetaSchema.builder(JsonMetaSchema.getV4())
            .keyword(new NonValidationKeyword("deprecated"))
            .build();
    camelSchema =
        JsonSchemaFactory.getInstance(VersionFlag.V4, builder -> builder.metaSchema(draft4))
            .getSchema(
                House.class.getResourceAsStream("/schema/camelYamlDsl.json"),
                SchemaValidatorsConfig.builder().preloadJsonSchema(false).cacheRefs(false).build());
  }

  static void forgetCamelSchema() {
    camelSchema = null;
  }

  static int levels(Object yaml) {
    if (yaml instanceof Map<?, ?> map) {
      int here = map.containsKey("steps") ? 1 + levels(map.get("steps")) : 0;
      return Math.max(here, levels(List.copyOf(map.values())));
    }
    return yaml instanceof List<?> list ? list.stream().mapToInt(House::levels).max().orElse(0) : 0;
  }
}
