package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** The views of a list whose repositories a test changes. */
abstract class Views {
  static final String REPOS = "/orgs/Netflix/repos";
  static final Duration SOON = Duration.ofSeconds(10);
  static final ObjectMapper JSON = new ObjectMapper();

  /** A view over another list, with its own field and label. */
  static final String MEMBERS_BY_ID =
      """
      - route:
          id: view-members-by-id
          description: The members by their number.
          from:
            uri: kamelet:ranked-view
            parameters: { view: members-by-id, list: "/orgs/{{github.org}}/members", field: id, label: login }
            steps:
              - to: { uri: direct:rank }
      """;

  @TempDir private static Path folder;
  static GitHubStandIn github;
  static Service service;
  static String unchanged;

  @BeforeAll
  static void start() throws IOException {
    Path views = Files.writeString(folder.resolve("more-views.camel.yaml"), MEMBERS_BY_ID);
    String routes = "file:routes/*.camel.yaml,file:" + views;
    github = GitHubStandIn.builder().repositories(120).limits(100_000, 100_000).build().start();
    service =
        Service.start(
                github,
                Map.of("refresh.interval", "500ms", "camel.main.routes-include-pattern", routes))
            .ready();
    unchanged = service.get(REPOS).body();
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  @BeforeEach
  void reset() {
    github.reset();
    await().atMost(SOON).until(() -> service.get(REPOS).body().equals(unchanged));
  }

  /** Stores a wrong ranking under a changed stamp, and checks that it is replaced. */
  static void assertRecomputed(UnaryOperator<String> change) {
    String key = Stored.view(github, "open_issues");
    String before = service.get("/view/top/100/open_issues").body();
    var hash = Stored.in(service).<String, Object>opsForHash();
    String stamp = new String((byte[]) hash.get(key, "stamp"), UTF_8);
    byte[] wrong = "[\"wrong\",1]\n".getBytes(UTF_8);

    hash.putAll(
        key, Map.of("stamp", change.apply(stamp).getBytes(UTF_8), "top", wrong, "bottom", wrong));
    Stored.forgetNear(service);

    assertThat(service.get("/view/top/100/open_issues").body()).isEqualTo(before);
    assertThat(service.get("/view/bottom/1/open_issues").body()).doesNotContain("wrong");
    await()
        .atMost(SOON)
        .untilAsserted(
            () -> {
              assertThat((byte[]) hash.get(key, "stamp")).isEqualTo(stamp.getBytes(UTF_8));
              assertThat((byte[]) hash.get(key, "top")).isNotEqualTo(wrong);
            });
  }

  static JsonNode rows(String path) {
    HttpResponse<String> answer = service.get(path);
    assertThat(answer.statusCode()).as(path).isEqualTo(200);
    return json(answer);
  }

  static List<JsonNode> first(ArrayNode rows, int n) {
    List<JsonNode> first = new ArrayList<>();
    rows.forEach(first::add);
    return first.subList(0, Math.min(n, first.size()));
  }

  /** The expected rows, computed from the stand-in's repositories. */
  static ArrayNode ranked(String field, boolean descending) {
    Comparator<ObjectNode> byField =
        field.equals("updated_at")
            ? Comparator.comparing(each -> each.get(field).asText())
            : Comparator.comparing(each -> each.get(field).asLong());
    ArrayNode rows = JSON.createArrayNode();
    github.repositoryNames().stream()
        .map(github::repository)
        .sorted(
            (descending ? byField.reversed() : byField)
                .thenComparing(each -> each.get("full_name").asText()))
        .forEach(each -> rows.addArray().add(each.get("full_name")).add(each.get(field)));
    return rows;
  }

  static void assertProblem(HttpResponse<String> answer, int status) {
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.headers().allValues("Content-Type"))
        .containsExactly("application/json; charset=utf-8");
    assertThat(json(answer).get("status").textValue()).isEqualTo(Integer.toString(status));
    assertThat(json(answer).get("title").asText()).isNotBlank();
    assertThat(json(answer).get("message").asText()).isNotBlank();
    assertThat(json(answer).get("detail")).isEqualTo(json(answer).get("message"));
  }
}
