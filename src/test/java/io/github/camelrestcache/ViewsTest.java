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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Views as a client sees them, over a two-page list that is refreshed twice a second. */
class ViewsTest {

  private static final String REPOS = "/orgs/Netflix/repos";
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A view over another list, with its own field and label. */
  private static final String MEMBERS_BY_ID =
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

  private static GitHubStandIn github;
  private static Service service;
  private static String unchanged;

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

  @ParameterizedTest
  @CsvSource({
    "forks, forks_count",
    "last_updated, updated_at",
    "open_issues, open_issues_count",
    "stars, stargazers_count",
    "watchers, watchers_count"
  })
  void viewRanksAllRepositoriesInBothOrders(String view, String field) {
    await()
        .atMost(SOON)
        .untilAsserted(
            () -> {
              assertThat(rows("/view/top/100000/" + view)).isEqualTo(ranked(field, true));
              assertThat(rows("/view/bottom/100000/" + view)).isEqualTo(ranked(field, false));
            });
    assertThat(rows("/view/top/100000/" + view)).hasSize(120);
  }

  @ParameterizedTest
  @ValueSource(strings = {"top", "bottom"})
  void nLimitsTheRows(String order) {
    await()
        .atMost(SOON)
        .until(() -> rows("/view/top/100000/forks").equals(ranked("forks_count", true)));
    ArrayNode whole = ranked("forks_count", order.equals("top"));
    for (int n : new int[] {1, 2, 5, 119, 120, 121, 100_000}) {
      JsonNode rows = rows("/view/" + order + "/" + n + "/forks");
      assertThat(rows).hasSize(Math.min(n, 120));
      assertThat(rows).containsExactlyElementsOf(List.copyOf(first(whole, n)));
    }
  }

  @Test
  void rowsKeepNumbersAndTimestamps() {
    assertThat(service.get("/view/top/2/stars").body())
        .matches("\\[\\[\"Netflix/[^\"]+\",\\d+],\\[\"Netflix/[^\"]+\",\\d+]]");
    assertThat(service.get("/view/bottom/1/last_updated").body())
        .matches("\\[\\[\"Netflix/[^\"]+\",\"\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ\"]]");
  }

  @Test
  void tiesAreSortedByNameInBothOrders() {
    List<String> names = List.of("zuul", "Hystrix", "eureka");
    names.forEach(name -> github.updateRepository(name, each -> each.put("forks_count", 777_777)));
    String tied =
        "[[\"Netflix/Hystrix\",777777],[\"Netflix/eureka\",777777],[\"Netflix/zuul\",777777]]";

    await().atMost(SOON).until(() -> service.get("/view/top/3/forks").body().equals(tied));

    names.forEach(name -> github.updateRepository(name, each -> each.put("forks_count", -1)));
    String last = tied.replace("777777", "-1");
    await().atMost(SOON).until(() -> service.get("/view/bottom/3/forks").body().equals(last));
  }

  @Test
  void repositoryWithoutFieldIsLastInBothOrders() {
    github.updateRepository("zuul", each -> each.remove("watchers_count"));
    github.updateRepository("Hystrix", each -> each.putNull("watchers_count"));

    await()
        .atMost(SOON)
        .untilAsserted(
            () -> {
              for (String order : List.of("top", "bottom")) {
                JsonNode rows = rows("/view/" + order + "/1000/watchers");
                assertThat(rows).hasSize(120);
                assertThat(rows.get(118).toString()).isEqualTo("[\"Netflix/Hystrix\",null]");
                assertThat(rows.get(119).toString()).isEqualTo("[\"Netflix/zuul\",null]");
                assertThat(rows.get(117).get(1).isInt()).isTrue();
              }
            });
  }

  @Test
  void viewCanRankAnotherListFieldAndLabel() {
    JsonNode rows = rows("/view/top/2/members-by-id");
    assertThat(rows.toString()).isEqualTo("[[\"member-12\",700408],[\"member-11\",700371]]");
    assertThat(rows("/view/bottom/100/members-by-id")).hasSize(12);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "-1",
        "+1",
        "abc",
        "0x5",
        "1.0",
        "1e2",
        "%D9%A3",
        "%31",
        "5%20",
        "",
        "00",
        "100001",
        "1000000000",
        "4294967297",
        "99999999999999999999"
      })
  void invalidNumberOfRowsIs400(String n) {
    for (String order : List.of("top", "bottom")) {
      HttpResponse<String> answer = service.get("/view/" + order + "/" + n + "/stars");
      assertProblem(answer, 400);
      assertThat(json(answer).get("detail").asText()).contains("1 to 100000");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/view/top/5/stras", "/view/top/5/Stars", "/view/middle/5/stars", "/view/top/5"})
  void unknownViewIs404AndListsTheViews(String path) {
    HttpResponse<String> answer = service.get(path);
    assertProblem(answer, 404);
    assertThat(json(answer).get("detail").asText())
        .contains("forks, last_updated, open_issues, stars, watchers");
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "PATCH", "DELETE"})
  void otherMethodsAre405(String method) {
    HttpResponse<String> answer = service.send(method, "/view/top/5/stars");
    assertProblem(answer, 405);
    assertThat(answer.headers().allValues("Allow")).containsExactly("GET, HEAD");
    assertThat(github.requests()).noneMatch(asked -> asked.path().startsWith("/view"));
  }

  @Test
  void queryIsIgnored() {
    String plain = service.get("/view/top/2/stars").body();
    assertThat(service.get("/view/top/2/stars?n=5&N=7&view=forks&name=x&order=bottom").body())
        .isEqualTo(plain);
    assertThat(service.get("/view/top/2/stars?").body()).isEqualTo(plain);
  }

  @Test
  void headersNamedAsPathParametersAreIgnored() {
    assertThat(
            service.get("/view/top/2/stars", "n", "5", "view", "forks", "order", "bottom").body())
        .isEqualTo(service.get("/view/top/2/stars").body());
  }

  @Test
  void viewHasCacheStatusAgeAndLastModified() {
    HttpResponse<String> get = service.get("/view/top/5/stars", "Origin", "https://page.example");
    HttpResponse<String> head = service.send("HEAD", "/view/top/5/stars");

    for (HttpResponse<String> answer : List.of(get, head)) {
      assertThat(answer.statusCode()).isEqualTo(200);
      Map<String, List<String>> headers = answer.headers().map();
      assertThat(headers.get("content-type")).containsExactly("application/json; charset=utf-8");
      assertThat(headers.get("cache-status"))
          .singleElement()
          .asString()
          .matches("camel-rest-cache; hit; ttl=(0|-?1)");
      assertThat(headers.get("age")).singleElement().asString().matches("\\d");
      assertThat(headers.get("last-modified")).hasSize(1);
      assertThat(headers.get("access-control-allow-origin")).containsExactly("*");
      assertThat(headers.get("content-length"))
          .containsExactly(Integer.toString(get.body().getBytes(UTF_8).length));
      assertThat(headers.toString()).doesNotContain("page.example");
    }
    assertThat(head.body()).isEmpty();
  }

  @Test
  void viewKeepsETagUntilRowsChange() {
    String repository = github.repositoryNames().get(50);
    String view = "/view/top/3/stars";
    HttpResponse<String> before = service.get(view);
    String tag = before.headers().firstValue("ETag").orElseThrow();

    github.updateRepository(repository, each -> each.put("description", "another"));
    await().atMost(SOON).until(() -> service.get(REPOS).body().contains("\"another\""));
    assertThat(service.get(view, "If-None-Match", tag).statusCode()).isEqualTo(304);

    github.updateRepository(repository, each -> each.put("stargazers_count", 9_999_999));
    await().atMost(SOON).until(() -> service.get(view).body().contains("9999999"));
    HttpResponse<String> after = service.get(view, "If-None-Match", tag);
    assertThat(after.statusCode()).isEqualTo(200);
    assertThat(after.headers().firstValue("ETag").orElseThrow()).isNotEqualTo(tag);
  }

  @Test
  void viewIsNeverOlderThanItsList() {
    List<String> fields =
        List.of("forks_count", "open_issues_count", "stargazers_count", "watchers_count");
    for (int round = 1; round <= 8; round++) {
      int most = 2_000_000 + round;
      String name = github.repositoryNames().get(round * 11);
      github.updateRepository(name, each -> fields.forEach(field -> each.put(field, most)));
      String seen = "\"stargazers_count\":" + most + ",";
      await()
          .pollInterval(Duration.ofMillis(1))
          .atMost(SOON)
          .until(() -> service.get(REPOS).body().contains(seen));
      String first = "[[\"Netflix/" + name + "\"," + most + "]]";
      for (String view : List.of("watchers", "stars", "open_issues", "forks")) {
        assertThat(service.get("/view/top/1/" + view).body()).isEqualTo(first);
      }
    }
  }

  @Test
  void rankingOfAnotherVersionIsRecomputed() {
    assertRecomputed(stamp -> "0123456789abcdef" + stamp.substring(16));
  }

  @Test
  void rankingByAnotherFieldIsRecomputed() {
    assertRecomputed(stamp -> stamp.replace("open_issues_count", "forks_count"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"stamp", "top", "bottom"})
  void incompleteRankingIsRecomputed(String part) {
    String key = Stored.view(github, "open_issues");
    String before = service.get("/view/bottom/100/open_issues").body();

    Stored.in(service).opsForHash().delete(key, part);
    Stored.forgetNear(service);

    assertThat(service.get("/view/bottom/100/open_issues").body()).isEqualTo(before);
    await().atMost(SOON).until(() -> Stored.in(service).opsForHash().hasKey(key, part));
  }

  /** Stores a wrong ranking under a changed stamp, and checks that it is replaced. */
  private static void assertRecomputed(UnaryOperator<String> change) {
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

  private static JsonNode rows(String path) {
    HttpResponse<String> answer = service.get(path);
    assertThat(answer.statusCode()).as(path).isEqualTo(200);
    return json(answer);
  }

  private static List<JsonNode> first(ArrayNode rows, int n) {
    List<JsonNode> first = new ArrayList<>();
    rows.forEach(first::add);
    return first.subList(0, Math.min(n, first.size()));
  }

  /** The expected rows, computed from the stand-in's repositories. */
  private static ArrayNode ranked(String field, boolean descending) {
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

  private static void assertProblem(HttpResponse<String> answer, int status) {
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.headers().allValues("Content-Type"))
        .containsExactly("application/json; charset=utf-8");
    assertThat(json(answer).get("status").textValue()).isEqualTo(Integer.toString(status));
    assertThat(json(answer).get("title").asText()).isNotBlank();
    assertThat(json(answer).get("message").asText()).isNotBlank();
    assertThat(json(answer).get("detail")).isEqualTo(json(answer).get("message"));
  }
}
