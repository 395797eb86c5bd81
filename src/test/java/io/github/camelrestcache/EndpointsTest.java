package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ArrayNode;
import io.github.camelrestcache.standin.GitHubStandIn.Handle;
import io.github.camelrestcache.standin.Recorded;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The cached endpoints as a client sees them, in front of an organization of three pages. */
class EndpointsTest extends Endpoints {
  @Test
  void threePageListIsOneArrayInOriginalOrder() throws IOException {
    ArrayNode repositories = JSON.createArrayNode();
    github.repositoryNames().forEach(name -> repositories.add(github.repository(name)));
    String whole = new String(JSON.writeValueAsBytes(repositories), StandardCharsets.UTF_8);

    assertThat(json(service.get(REPOS))).hasSize(250);
    await().atMost(SOON).until(() -> service.get(REPOS).body().equals(whole));
  }

  @Test
  void itemsAreServedByteForByte() {
    String first = "{\"login\":\"\\u00e9\",  \"n\":1.50e+2,\"big\":123456789012345678901234567890}";
    String second = "{ \"b\" : 1, \"a\" : [ ] , \"b\" : 2 }";
    Handle odd =
        github.override(
            asked -> asked.path().equals(MEMBERS),
            (asked, request) -> {
              boolean last = asked.parameters().containsKey("page");
              if (!last) {
                String link = "<" + github.url() + MEMBERS + "?per_page=100&page=2>; rel=\"next\"";
                request.response().putHeader("Link", link);
              }
              request.response().end(last ? "[" + second + "]" : "\n [ " + first + " ,null  \t]\n");
            });
    try {
      String whole = "[" + first + " ,null," + second + "]";
      await().atMost(SOON).until(() -> service.get(MEMBERS).body().equals(whole));
    } finally {
      odd.close();
    }
    await().atMost(SOON).until(() -> json(service.get(MEMBERS)).size() == 12);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/orgs/Netflix"})
  void objectIsServedAsSent(String path) {
    HttpResponse<String> asSent =
        service.send(request -> request.uri(URI.create(github.url() + path)));

    HttpResponse<String> answer = service.get(path);

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Cache-Status").orElse("")).contains("; hit");
    assertThat(answer.body()).isEqualTo(asSent.body());
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/orgs/Netflix", MEMBERS, REPOS})
  void hitHasCacheStatusAgeAndLastModified(String path) {
    Instant before = Instant.now();

    HttpResponse<String> answer = service.get(path, "Origin", "https://page.example");

    assertThat(answer.statusCode()).isEqualTo(200);
    Map<String, List<String>> headers = answer.headers().map();
    assertThat(headers.get("content-type")).containsExactly("application/json; charset=utf-8");
    assertThat(headers.get("cache-status"))
        .singleElement()
        .asString()
        .matches("camel-rest-cache; hit; ttl=(0|-[1-9])");
    assertThat(headers.get("age")).singleElement().asString().matches("\\d");
    assertThat(lastModified(answer)).isBetween(before.minusSeconds(300), Instant.now());
    assertThat(headers.get("content-length"))
        .containsExactly(Integer.toString(answer.body().getBytes(StandardCharsets.UTF_8).length));
    assertThat(headers.get("access-control-allow-origin")).containsExactly("*");
    assertThat(headers.toString()).doesNotContain("page.example");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/orgs/Netflix", MEMBERS, REPOS})
  void headHasHeadersOfGetAndNoBody(String path) {
    HttpResponse<String> get = service.get(path);
    HttpResponse<String> head = service.send("HEAD", path);

    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
    assertThat(head.headers().map().keySet()).isEqualTo(get.headers().map().keySet());
    for (String same :
        List.of("Content-Length", "Content-Type", "Last-Modified", "Access-Control-Allow-Origin")) {
      assertThat(head.headers().allValues(same)).isEqualTo(get.headers().allValues(same));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/orgs/netflix/repos",
        "/orgs/Netflix/Repos",
        "/ORGS/Netflix/repos",
        "/orgs/Netflix/repos/",
        "/orgs/Netflix/",
        "/orgs/Netflix/./repos",
        "/orgs/none/../Netflix/repos",
        "/orgs/Netflix/repos/.",
        "/orgs/Netflix/%2e/repos",
        "/orgs/Netflix/repo%73",
        "/orgs/Netflix%2Frepos",
        "//orgs/Netflix/repos",
        "/orgs//Netflix/repos",
        "//",
        "/.",
        "/orgs/Netflix/repos;a=b",
        "/orgs/Netflix?x",
        "/?a=1",
      })
  void differentSpellingOrQueryIsForwardedUnchanged(String target) {
    String mark = UUID.randomUUID().toString();

    HttpResponse<String> answer = service.get(target, "X-Mark", mark);

    assertThat(marked(mark)).extracting(Recorded::target).containsExactly(target);
    assertThat(answer.headers().firstValue("Cache-Status").orElse(""))
        .startsWith("camel-rest-cache; fwd=");
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "PATCH", "DELETE"})
  void otherMethodsAreForwarded(String method) {
    String mark = UUID.randomUUID().toString();

    HttpResponse<String> answer = service.send(method, REPOS, "X-Mark", mark);

    assertThat(marked(mark))
        .singleElement()
        .satisfies(
            asked -> {
              assertThat(asked.method()).isEqualTo(method);
              assertThat(asked.target()).isEqualTo(REPOS);
            });
    assertThat(answer.headers().firstValue("Cache-Status").orElse(""))
        .startsWith("camel-rest-cache; fwd=method");
  }

  @Test
  void everyCallerGetsTheHitAndNoCredentialIsForwarded() {
    List<String> credentials =
        List.of("Bearer caller-token", "token nobody-knows-me", "Basic eDp5", "nonsense");
    for (String credential : credentials) {
      HttpResponse<String> answer = service.get(REPOS, "Authorization", credential);

      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.headers().firstValue("Cache-Status").orElse("")).contains("; hit");
      assertThat(answer.body()).isEqualTo(service.get(REPOS).body());
      assertThat(answer.headers().map().toString()).doesNotContain(credential);
    }
    awaitRefreshes(REPOS, 1);
    assertThat(github.requests())
        .noneMatch(
            asked -> asked.headers("Authorization").stream().anyMatch(credentials::contains));
  }
}
