package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.camelrestcache.standin.GitHubStandIn;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What operators can see and change on the management port. */
@SuppressWarnings("try") // the handles of overrides are only closed
class AdminTest {

  private static final Duration SOON = Duration.ofSeconds(20);
  private static final String TOKEN = "an-admin-token-0123";

  private static GitHubStandIn github;
  private static Service service;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    service = Service.start(github, Map.of("admin.token", TOKEN, "refresh.interval", "1h")).ready();
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  static HttpResponse<String> post(Service asked, String target, String authorization) {
    return asked.send(
        request -> {
          request.uri(URI.create(asked.managementUrl(target))).POST(BodyPublishers.noBody());
          if (authorization != null) {
            request.header("Authorization", authorization);
          }
        });
  }

  private static HttpResponse<String> look(Service asked, String target) {
    return asked.send(request -> request.uri(URI.create(asked.managementUrl(target))));
  }

  private static JsonNode status() {
    return Service.json(look(service, "/admin/status"));
  }

  private static JsonNode endpoint(String path) {
    HttpResponse<String> all = look(service, "/admin/endpoints");
    assertThat(all.statusCode()).isEqualTo(200);
    for (JsonNode each : Service.json(all)) {
      if (each.path("path").asText().equals(path)) {
        return each;
      }
    }
    throw new AssertionError(path + " is not in " + all.body());
  }

  @Test
  void endpointsAreListedWithoutToken() {
    JsonNode list = endpoint("/orgs/Netflix/repos");
    assertThat(list.path("shape").asText()).isEqualTo("list");
    assertThat(list.path("items").asInt()).isEqualTo(150);
    assertThat(list.path("every").asDouble()).isEqualTo(3600);
    assertThat(list.path("age").asDouble()).isBetween(0.0, 300.0);
    assertThat(list.path("stored").asBoolean()).isTrue();
    assertThat(list.path("holder").asText()).isEqualTo(status().path("instance").asText());
    assertThat(list.path("failure").isNull()).isTrue();
    assertThat(list.path("declared").asText()).contains("routes/endpoints.camel.yaml:");
    assertThat(endpoint("/").path("items").isNull()).isTrue();
  }

  @Test
  void statusIsShownWithoutToken() {
    service.get("/orgs/Netflix");
    await().atMost(SOON).until(() -> status().path("requests").path("hit").asLong() > 0);
    JsonNode status = status();
    assertThat(status.path("instance").asText()).matches(".+:" + service.port() + "/[0-9a-f]{8}");
    await().atMost(SOON).until(() -> status().path("instances").size() == 1);
    assertThat(status().path("instances").get(0)).isEqualTo(status.path("instance"));
    assertThat(status.path("store").isNull()).isTrue();
    assertThat(status.path("changeable").asBoolean()).isTrue();
    assertThat(status.path("limit").path("limit").asLong()).isPositive();
    assertThat(status.path("views").findValuesAsText("name"))
        .containsExactlyElementsOf(HealthcheckTest.VIEWS);
    assertThat(status.toString()).doesNotContain(TOKEN);
  }

  @Test
  void instancesAreListedUntilTheyStop() {
    try (OwnRedis redis = OwnRedis.start();
        Service one = PurgeTest.with(github, redis)) {
      try (Service other = PurgeTest.with(github, redis)) {
        for (Service each : List.of(one, other)) {
          await().atMost(SOON).until(() -> instances(each) == 2);
        }
      }
      await().atMost(SOON).until(() -> instances(one) == 1);
    }
  }

  private static int instances(Service asked) {
    return Service.json(look(asked, "/admin/status")).path("instances").size();
  }

  @Test
  void viewRowsEqualThoseOfClients() {
    for (String target : List.of("/view/top/7/stars", "/view/bottom/3/last_updated")) {
      assertThat(look(service, target).body()).isEqualTo(service.get(target).body());
    }
    assertThat(look(service, "/view/top/0/stars").statusCode()).isEqualTo(400);
    assertThat(look(service, "/view/top/1/star").statusCode()).isEqualTo(404);
  }

  @Test
  void pageIsSelfContainedUnderStrictCsp() {
    HttpResponse<String> page = look(service, "/");
    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.headers().firstValue("Content-Type")).hasValue("text/html; charset=utf-8");
    assertThat(page.headers().firstValue("Content-Security-Policy").orElse(""))
        .contains("default-src 'none'", "script-src 'sha256-", "style-src 'sha256-")
        .doesNotContain("unsafe");
    assertThat(page.body())
        .doesNotContainPattern("(src|href)=.?(https?:)?//")
        .doesNotContainPattern(" (style|on[a-z]+)=\"");
  }

  @Test
  void refreshFetchesOnlyTheGivenEndpoint() {
    long before = asked("/orgs/Netflix");
    long others = asked("/orgs/Netflix/members");
    HttpResponse<String> answer =
        post(service, "/admin/refresh?path=/orgs/Netflix", "Bearer " + TOKEN);
    assertThat(answer.statusCode()).isEqualTo(202);
    assertThat(answer.body()).contains("/orgs/Netflix");
    await().atMost(SOON).until(() -> asked("/orgs/Netflix") > before);
    assertThat(asked("/orgs/Netflix/members")).isEqualTo(others);
  }

  @Test
  void lastFailureIsShown() throws Exception {
    try (var handle =
        github.override(
            each -> each.path().equals("/"),
            (each, request) -> request.response().setStatusCode(500).end())) {
      post(service, "/admin/refresh?path=/", "bearer " + TOKEN);
      await().atMost(SOON).until(() -> endpoint("/").path("failures").asInt() == 1);
      assertThat(endpoint("/").path("failure").asText()).contains("500");
      assertThat(endpoint("/").path("stored").asBoolean()).isTrue();
    }
    // the back-off is at least eight seconds
    assertThat(endpoint("/").path("pause").asDouble()).isGreaterThan(5);
    post(service, "/admin/refresh?path=/", "Bearer " + TOKEN);
    await().atMost(Duration.ofSeconds(4)).until(() -> endpoint("/").path("failures").asInt() == 0);
  }

  private static long asked(String path) {
    return github.requests().stream().filter(each -> each.path().equals(path)).count();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Bearer",
        "Bearer ",
        "Bearer an-admin-token-012",
        "Bearer an-admin-token-01234",
        "Basic an-admin-token-0123",
        "an-admin-token-0123"
      })
  void changeWithoutValidTokenIs401(String authorization) {
    long before = asked("/orgs/Netflix/repos");
    HttpResponse<String> answer =
        post(
            service,
            "/admin/refresh?path=/orgs/Netflix/repos",
            authorization.isEmpty() ? null : authorization);
    assertThat(answer.statusCode()).isEqualTo(401);
    assertThat(answer.headers().firstValue("WWW-Authenticate").orElse("")).startsWith("Bearer");
    assertThat(answer.body()).contains("ADMIN_TOKEN").doesNotContain(TOKEN);
    assertThat(asked("/orgs/Netflix/repos")).isEqualTo(before);
  }

  @Test
  void changesAndRefusalsAreLogged() {
    try (LogLines log = LogLines.of("io.github.camelrestcache.app.Admin")) {
      post(service, "/admin/refresh?path=/orgs/Netflix", "Bearer " + TOKEN);
      post(service, "/admin/purge?path=/repos/a%0Ab", "Bearer " + TOKEN);
      post(service, "/admin/purge?prefix=/repos/none/", "Bearer " + TOKEN);
      post(service, "/admin/purge?path=/", "Bearer another-token-0123");
      assertThat(log.lines())
          .containsExactly(
              "[null] Refreshing /orgs/Netflix at the request of 127.0.0.1",
              "[null] Purged /repos/a?b at the request of 127.0.0.1",
              "[null] Purged /repos/none/… (prefix) at the request of 127.0.0.1",
              "[null] Refused a change from 127.0.0.1: missing or wrong ADMIN_TOKEN");
    }
  }

  @Test
  void invalidRequestsAreRejected() {
    HttpResponse<String> none = post(service, "/admin/refresh", "Bearer " + TOKEN);
    assertThat(none.statusCode()).isEqualTo(400);
    assertThat(none.body()).contains("?path=");
    HttpResponse<String> unknown =
        post(service, "/admin/refresh?path=/orgs/Netflix/repo", "Bearer " + TOKEN);
    assertThat(unknown.statusCode()).isEqualTo(404);
    for (String query :
        new String[] {"", "?path=/a&prefix=/b", "?prefix=", "?path=a", "?path=/a%3Fb"}) {
      assertThat(post(service, "/admin/purge" + query, "Bearer " + TOKEN).statusCode())
          .as(query)
          .isEqualTo(400);
    }
    assertThat(post(service, "/admin/purge?prefix=/", null).statusCode()).isEqualTo(401);
    assertThat(unknown.body()).contains("/orgs/Netflix/repos");
  }

  @Test
  void changesAre403WithoutConfiguredToken() {
    try (Service open = Service.start(github, Map.of("refresh.interval", "1h"))) {
      for (String authorization : new String[] {null, "Bearer ", "Bearer " + TOKEN}) {
        assertThat(post(open, "/admin/refresh?path=/orgs/Netflix", authorization).statusCode())
            .isEqualTo(403);
      }
    }
  }

  @Test
  void clientPortHasNoAdmin() {
    String target = "/admin/refresh?path=/orgs/Netflix/members";
    long before = asked("/orgs/Netflix/members");
    HttpResponse<String> answer =
        service.send(
            request -> request.uri(URI.create(service.url(target))).POST(BodyPublishers.noBody()));
    assertThat(answer.statusCode()).as("GitHub's 404").isEqualTo(404);
    assertThat(asked("/orgs/Netflix/members")).isEqualTo(before);
  }
}
