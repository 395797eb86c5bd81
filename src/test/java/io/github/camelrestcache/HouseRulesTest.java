package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.House.Place;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * The house rules for route files, Kamelets and application.properties. Each test checks our files
 * against one rule, and checks that the rule detects files that break it.
 */
class HouseRulesTest {

  private static final House OURS = House.ours();

  private static final Pattern BAD_LINE =
      Pattern.compile("\\t|\\r| $|^.{121,}$|\\n\\n\\z|[^\\n]\\z", Pattern.MULTILINE);

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
    House.loadCamelSchema();
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
    House.forgetCamelSchema();
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
        (house, file) -> House.SECRET.matcher(file.text()).find(),
        "contains something that looks like a token or a password",
        "# ghp_0123456789abcdef",
        "# github_pat_0123456789abcdef",
        "# Authorization: Bearer 0123456789",
        "- to: { uri: \"redis://me:pass@host\" }");
    checkIn(
        House.SETTINGS,
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
        (house, route) -> route.from().steps() > 12 || House.levels(route.map()) > 3,
        "has more than 12 steps or 3 levels",
        "- route: { from: { steps: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13] } }",
        "- route: { from: { steps: [{ a: { steps: [{ b: { steps: [{ steps: [] }] } }] } }] } }");
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
        House.SETTINGS,
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
                  // Kustomize reads files of its own folder only
                  && !file.file().matches("routes/([a-z0-9-]+\\.camel\\.yaml|Kustomization)")
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
}
