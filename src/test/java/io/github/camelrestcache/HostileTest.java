package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.Recorded;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hostile input changes neither the server that is contacted nor the response. */
class HostileTest {

  private static GitHubStandIn github;
  private static GitHubStandIn elsewhere;
  private static Service service;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.addToken("hostile-s3cret", "the-service");
    elsewhere = GitHubStandIn.builder().build().start();
    service = Service.start(github, Map.of("github.api.token", "hostile-s3cret")).ready();
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
    elsewhere.close();
  }

  @BeforeEach
  void forget() {
    github.clearRequests();
    elsewhere.clearRequests();
    Stored.forgetForwarded(service);
  }

  private static Recorded onlyRequest() {
    assertThat(github.requests()).hasSize(1);
    return github.requests().get(0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CamelHttpUri",
        "camelhttpuri",
        "CAMELHTTPURI",
        "CamelHttpPath",
        "CamelHttpRawQuery",
        "CamelHttpMethod",
        "CamelHttpResponseCode",
        "CamelRestHttpUri",
        "CamelRedis.Key",
        "CamelRedis.Command",
        "org.apache.camel.foo",
        "ORG.APACHE.CAMEL.x",
        "CamelBeanMethodName"
      })
  void camelHeadersAreDropped(String name) {
    for (String target : List.of("/zen", "/view/top/1/stars", "/orgs/Netflix", "/healthcheck")) {
      github.clearRequests();
      String answer =
          RawHttp.request(
              service.port(),
              "GET " + target + " HTTP/1.1",
              "Host: x",
              name + ": " + elsewhere.url());
      assertThat(answer).as(target).startsWith("HTTP/1.1 200");
      assertThat(answer.toLowerCase(Locale.ROOT)).doesNotContain(name.toLowerCase(Locale.ROOT));
      for (Recorded seen : github.requests()) {
        assertThat(seen.header(name)).isNull();
      }
    }
    assertThat(elsewhere.requests()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Authorization=x",
        "Set-Cookie=evil%3D1",
        "CamelHttpUri=http://evil",
        "Host=evil",
        "CamelHttpResponseCode=201",
        "Content-Type=text/evil",
        "n=3&view=forks&order=bottom",
        "X-Echo=1%0d%0aX-Evil:1",
        "camel.foo=1",
        "Location=http://evil"
      })
  void queryParametersAreNeverHeaders(String query) {
    String answer = RawHttp.request(service.port(), "GET /zen?" + query + " HTTP/1.1", "Host: x");
    assertThat(answer).startsWith("HTTP/1.1 200");
    Recorded seen = onlyRequest();
    assertThat(seen.target()).isEqualTo("/zen?" + query);
    assertThat(seen.header("Authorization")).isEqualTo("Bearer hostile-s3cret");
    String name = query.substring(0, query.indexOf('='));
    if (!name.equals("Content-Type")) {
      assertThat(fields(answer)).doesNotContain("\n" + name.toLowerCase(Locale.ROOT) + ":");
    }
    assertThat(fields(answer)).doesNotContain("evil");

    String view =
        RawHttp.request(service.port(), "GET /view/top/2/stars?" + query + " HTTP/1.1", "Host: x");
    assertThat(content(view))
        .isEqualTo(
            content(RawHttp.request(service.port(), "GET /view/top/2/stars HTTP/1.1", "Host: x")));
    assertThat(fields(view)).doesNotContain("evil");
  }

  @Test
  void requestHeadersAreNotReturned() {
    for (String target :
        List.of(
            "/zen", "/view/top/1/stars", "/orgs/Netflix", "/healthcheck", "/view/top/x/stars")) {
      String answer =
          RawHttp.request(
              service.port(),
              "GET " + target + " HTTP/1.1",
              "Host: x",
              "authorization: Bearer mine",
              "Cookie: mine=1",
              "X-Mine: 1",
              "Origin: https://mine.example",
              "order: mine",
              "n: mine",
              "view: mine");
      assertThat(fields(answer)).as(target).doesNotContain("mine");
    }
  }

  @Test
  void corsAllowsAnyOriginWithoutCredentials() {
    for (String target : List.of("/zen", "/view/top/1/stars", "/orgs/Netflix", "/view/x")) {
      String fields =
          fields(
              RawHttp.request(
                  service.port(),
                  "GET " + target + " HTTP/1.1",
                  "Host: x",
                  "Origin: https://evil.example"));
      assertThat(fields.lines().filter(line -> line.startsWith("access-control-allow-origin")))
          .as(target)
          .containsOnly("access-control-allow-origin: *");
      assertThat(fields).doesNotContain("allow-credentials", "evil.example");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://%s/zen", "HTTP://%s/zen", "https://%s/zen", "http://u:p@%s/zen"})
  void absoluteTargetGoesToTheUpstream(String form) {
    String authority = elsewhere.url().substring("http://".length());
    String answer =
        RawHttp.request(
            service.port(), "GET " + form.formatted(authority) + " HTTP/1.1", "Host: " + authority);
    assertThat(answer).startsWith("HTTP/1.1 200");
    assertThat(onlyRequest().target()).isEqualTo("/zen");
    assertThat(elsewhere.requests()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "//%s/zen",
        "///zen",
        "/%%2e%%2e/zen",
        "/../zen",
        "/a/./b/../c",
        "/@%s/zen",
        "/.%s",
        "/:80/x",
        "/a%%00b%%0d%%0ac",
        "/a|b{c}^`\"<>",
        "/{{github.api.token}}",
        "/${variable.ask}",
        "/a;b=c/d"
      })
  void unusualPathIsForwardedUnchanged(String form) {
    String target = form.formatted(elsewhere.url().substring("http://".length()));
    String answer = RawHttp.request(service.port(), "GET " + target + " HTTP/1.1", "Host: x");
    assertThat(answer).startsWith("HTTP/1.1 404");
    assertThat(answer).doesNotContain("s3cret");
    assertThat(onlyRequest().target()).isEqualTo(target);
    assertThat(elsewhere.requests()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/%zz", "/%", "/a%1", "orgs/x", "*", "/a\u00fcb", "/a\u0001b"})
  void invalidTargetIs400(String target) {
    String answer = RawHttp.request(service.port(), "GET " + target + " HTTP/1.1", "Host: x");
    assertThat(answer).startsWith("HTTP/1.1 400").contains("\"documentation_url\"");
    assertThat(github.requests()).isEmpty();
  }

  @Test
  void missingHostIs400() {
    assertThat(RawHttp.send(service.port(), "GET /zen HTTP/1.1\r\n\r\n"))
        .startsWith("HTTP/1.1 400")
        .contains("Host");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a>;b", "a, b", "a b", "a\"b", "a/b", "a%41", "%"})
  void invalidHostIs400(String host) {
    assertThat(RawHttp.request(service.port(), "GET /zen HTTP/1.1", "Host: " + host))
        .startsWith("HTTP/1.1 400 ")
        .contains("\"documentation_url\"");
  }

  @Test
  void overlongHostIs400() {
    for (String field : new String[] {"GET /zen HTTP/1.1", "GET /orgs/Netflix HTTP/1.1"}) {
      assertThat(RawHttp.request(service.port(), field, "Host: " + "a".repeat(300)))
          .startsWith("HTTP/1.1 400 ");
    }
  }

  @Test
  void repeatedHostIs400() {
    assertThat(RawHttp.request(service.port(), "GET /zen HTTP/1.1", "Host: a", "Host: b"))
        .startsWith("HTTP/1.1 400")
        .contains("\"documentation_url\"");
    assertThat(github.requests()).isEmpty();
  }

  @Test
  void oversizedRequestIsRejectedAndServiceContinues() {
    String field =
        RawHttp.request(
            service.port(), "GET /zen HTTP/1.1", "Host: x", "X-Huge: " + "a".repeat(65_536));
    assertThat(field).startsWith("HTTP/1.1 431").contains("\"documentation_url\"");
    String line =
        RawHttp.request(service.port(), "GET /" + "a".repeat(65_536) + " HTTP/1.1", "Host: x");
    assertThat(line).matches("(?s)HTTP/1.. 414 .*\"documentation_url\".*");
    String garbage = RawHttp.send(service.port(), "\u0016\u0003\u0001 garbage\r\n\r\n");
    assertThat(garbage).matches("(?s)HTTP/1.. 400 .*\"documentation_url\".*");
    assertThat(service.get("/zen").statusCode()).isEqualTo(200);
  }

  @Test
  void clientPortHasNoManagement() {
    for (String path : List.of("/observe/health", "/observe/metrics", "/openapi.json")) {
      assertThat(service.get(path).statusCode()).as(path).isEqualTo(404);
      assertThat(onlyRequest().target()).isEqualTo(path);
      github.clearRequests();
    }
  }

  private static String fields(String answer) {
    return answer.substring(0, answer.indexOf("\r\n\r\n")).toLowerCase(Locale.ROOT);
  }

  private static String content(String answer) {
    return answer.substring(answer.indexOf("\r\n\r\n") + 4);
  }
}
