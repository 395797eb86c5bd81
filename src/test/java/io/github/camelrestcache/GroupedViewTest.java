package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Groups, conditions and more fields through the routes, with declarations that are edited. */
class GroupedViewTest {

  private static final String VIEW =
      """

      - route:
          id: view-licenses
          description: Licenses by the largest number of stars.
          from:
            uri: kamelet:grouped-view
            parameters: { view: licenses, list: "/orgs/{{github.org}}/repos", by: license.spdx_id,
                          only: "language!=C++,fork=false", measure: "max: stargazers_count" }
            steps: [ to: { uri: direct:rank } ]
      """;

  @TempDir private Path routes;
  private GitHubStandIn github;
  private Service service;

  @BeforeEach
  void start() throws IOException {
    github = GitHubStandIn.builder().repositories(120).limits(100_000, 100_000).build().start();
    Service.copyRoutes(routes);
    service = Service.reloading(github, routes);
  }

  @AfterEach
  void stop() {
    service.close();
    github.close();
  }

  private List<ObjectNode> repositories() {
    return github.repositoryNames().stream().map(github::repository).toList();
  }

  private JsonNode rows(String view) {
    return json(service.get("/view/top/1000/" + view));
  }

  private static List<String> text(JsonNode rows) {
    return StreamSupport.stream(rows.spliterator(), false).map(JsonNode::toString).toList();
  }

  private static void soon(ThrowingRunnable holds) {
    await().atMost(Duration.ofSeconds(20)).untilAsserted(holds);
  }

  private void edit(String old, String text) throws IOException {
    Path file = routes.resolve("views.camel.yaml");
    Files.writeString(file, Files.readString(file).replace(old, text));
  }

  @Test
  void groupsAreCountedAndSummed() {
    Map<String, Long> count = new TreeMap<>();
    Map<String, Long> stars = new TreeMap<>();
    for (ObjectNode each : repositories()) {
      if (each.get("language").isTextual()) {
        count.merge(each.get("language").asText(), 1L, Long::sum);
        stars.merge(
            each.get("language").asText(), each.get("stargazers_count").asLong(), Long::sum);
      }
    }
    assertThat(text(rows("languages"))).isEqualTo(ranked(count)).hasSize(7);
    assertThat(text(rows("language_stars"))).isEqualTo(ranked(stars));
  }

  private static List<String> ranked(Map<String, Long> figures) {
    return figures.entrySet().stream()
        .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
        .map(each -> "[\"" + each.getKey() + "\"," + each.getValue() + "]")
        .toList();
  }

  @Test
  void onlyItemsThatMeetTheConditionsAreRankedWithMoreFields() {
    List<String> sources =
        repositories().stream()
            .filter(each -> !each.get("fork").asBoolean() && !each.get("archived").asBoolean())
            .map(
                each ->
                    List.of("full_name", "stargazers_count", "language", "html_url").stream()
                        .map(field -> each.get(field).toString())
                        .collect(Collectors.joining(",", "[", "]")))
            .toList();
    assertThat(text(rows("sources"))).containsExactlyInAnyOrderElementsOf(sources);
    assertThat(sources).hasSizeBetween(90, 110);
  }

  @Test
  void pageHasViewsThatNoClientHasRequested() throws IOException {
    Path file = routes.resolve("views.camel.yaml");
    Files.writeString(file, Files.readString(file) + VIEW);
    URI uri = URI.create(service.managementUrl("/view/top/9/licenses"));
    soon(() -> assertThat(service.send(request -> request.uri(uri)).body()).contains("24000"));
    edit("max: stargazers_count", "count");
    soon(() -> assertThat(service.send(request -> request.uri(uri)).body()).doesNotContain("000"));
  }

  @Test
  void addedViewIsServedAndMistakeLeavesItServing() throws IOException {
    Path file = routes.resolve("views.camel.yaml");
    Files.writeString(file, Files.readString(file) + VIEW);
    soon(() -> assertThat(text(rows("licenses"))).hasSize(2).first().asString().contains("24000"));
    String before = rows("licenses").toString();

    try (LogLines log = LogLines.of("io.github.camelrestcache.catalog.RouteReload")) {
      edit("max: stargazers_count", "median: stargazers_count");
      soon(
          () ->
              assertThat(log.lines())
                  .anyMatch(
                      line ->
                          line.matches(
                              ".*views\\.camel\\.yaml:\\d+: the parameter 'measure' of the Kamelet"
                                  + " grouped-view is 'median: stargazers_count', but must be.*")));
    }
    assertThat(rows("licenses").toString()).isEqualTo(before);

    edit("median: stargazers_count", "count");
    soon(() -> assertThat(rows("licenses").toString()).isNotEqualTo(before));
  }

  @Test
  void fieldThatNoItemHasIsNamedInOneWarning() throws IOException {
    try (LogLines log = LogLines.of("io.github.camelrestcache.view.Ranking")) {
      Path file = routes.resolve("views.camel.yaml");
      Files.writeString(
          file, Files.readString(file) + VIEW.replace("license.spdx", "licence.spdx"));
      soon(() -> assertThat(text(rows("licenses"))).isEmpty());
      Stored.in(service).delete(Stored.view(github, "licenses"));
      Stored.forgetNear(service); // so that it is sorted again
      soon(() -> assertThat(text(rows("licenses"))).isEmpty());
      soon(() -> assertThat(text(rows("stars"))).hasSize(120));
      assertThat(log.lines())
          .singleElement()
          .asString()
          .contains("no item of /orgs/Netflix/repos has the field 'licence.spdx_id'")
          .contains("of the view 'licenses': did you mean 'license.spdx_id'?");
    }
  }
}
