package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Views as a client sees them, over a two-page list that is refreshed twice a second. */
class ViewsTest extends Views {
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
}
