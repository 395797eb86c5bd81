package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A request has one id: in its response, at GitHub and in the log. */
class RequestIdTest {

  private static GitHubStandIn github;
  private static Service service;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    service = Service.start(github, Map.of("access.log", "true")).ready();
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  private static String id(HttpResponse<?> answer) {
    List<String> ids = answer.headers().allValues("X-Request-Id");
    assertThat(ids).hasSize(1);
    return ids.get(0);
  }

  @Test
  void plainClientIdIsKept() {
    for (String target : List.of("/orgs/Netflix", "/view/top/3/stars", "/zen?id", "/view/x")) {
      for (String name : List.of("a", "7f3b:x/y+z=~._-", "x".repeat(128))) {
        // by the routes, then by the fast lane
        assertThat(id(service.get(target, "X-Request-Id", name))).isEqualTo(name);
        assertThat(id(service.get(target, "X-Request-Id", name))).isEqualTo(name);
      }
    }
    assertThat(github.requests())
        .filteredOn(each -> each.target().equals("/zen?id"))
        .first()
        .satisfies(each -> assertThat(each.header("X-Request-Id")).isEqualTo("a"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"two words", "a\"b", "<x>", "${jndi:ldap://x}", "\u00fc"})
  void unsafeClientIdIsReplaced(String name) {
    String answer =
        RawHttp.request(
            service.port(), "GET /zen?odd HTTP/1.1", "Host: x", "X-Request-Id: " + name);
    assertThat(answer).startsWith("HTTP/1.1 200").doesNotContain(name);
    assertThat(answer.lines().filter(line -> line.matches("(?i)x-request-id: [0-9a-z-]+")))
        .hasSize(1);
    assertThat(github.requests()).noneMatch(each -> name.equals(each.header("X-Request-Id")));
  }

  @Test
  void missingIdIsGenerated() {
    Set<String> ids = new HashSet<>();
    for (int i = 0; i < 20; i++) {
      assertThat(ids.add(id(service.get("/orgs/Netflix")))).isTrue();
      assertThat(ids.add(id(service.get("/zen?" + i)))).isTrue();
    }
    assertThat(ids)
        .contains(github.requests().get(github.requests().size() - 1).header("X-Request-Id"));
  }

  @Test
  void sharedHitHasIdOfItsOwnRequest() {
    // all callers share a forwarded hit
    service.get("/repos/Netflix/zuul", "X-Request-Id", "first");
    for (String name : List.of("second", "third", "fourth")) {
      HttpResponse<String> answer = service.get("/repos/Netflix/zuul", "X-Request-Id", name);
      assertThat(id(answer)).isEqualTo(name);
      assertThat(answer.headers().firstValue("Cache-Status").orElse("")).contains("; hit");
    }
  }

  @Test
  void rejectedRequestHasId() {
    assertThat(RawHttp.send(service.port(), "GET /zen HTTP/1.1\r\n\r\n"))
        .startsWith("HTTP/1.1 400")
        .containsIgnoringCase("x-request-id: ");
    assertThat(RawHttp.send(service.port(), "garbage\r\n\r\n"))
        .containsIgnoringCase("x-request-id: ");
  }

  @Test
  void accessLogHasOneLinePerRequest() {
    try (LogLines log = LogLines.of("io.github.camelrestcache.access")) {
      service.get("/orgs/Netflix?", "X-Request-Id", "by-routes");
      service.get("/orgs/Netflix", "X-Request-Id", "stored");
      service.get("/orgs/Netflix", "X-Request-Id", "stored-again");
      service.get("/zen?access_token=s3cret", "X-Request-Id", "forwarded");
      service.get("/view/top/x/stars", "X-Request-Id", "wrong");
      RawHttp.request(
          service.port(), "GET /zen HTTP/1.1", "Host: a", "Host: b", "X-Request-Id: bad");
      await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(
              () ->
                  assertThat(log.lines())
                      .anyMatch(
                          line ->
                              line.matches(
                                  "\\[stored-again] GET /orgs/Netflix 200 hit [\\d.]+ ms for 127.0.0.1"))
                      .anyMatch(
                          line ->
                              line.matches(
                                  "\\[forwarded] GET /zen 200 (miss|hit) [\\d.]+ ms for 127.0.0.1"))
                      .anyMatch(
                          line ->
                              line.matches(
                                  "\\[wrong] GET /view/top/x/stars 400 none [\\d.]+ ms for 127.0.0.1"))
                      .anyMatch(
                          line ->
                              line.matches("\\[bad] GET /zen 400 none [\\d.]+ ms for 127.0.0.1"))
                      .hasSize(6));
      assertThat(String.join("\n", log.lines())).doesNotContain("s3cret");
    }
  }

  @Test
  void accessLogNamesClientBehindTrustedProxy() {
    try (Service behindProxy =
            Service.start(github, Map.of("trusted.proxies", "127.0.0.1", "access.log", "true"));
        LogLines log = LogLines.of("io.github.camelrestcache.access")) {
      behindProxy.ready().get("/zen", "X-Forwarded-For", "203.0.113.9, 198.51.100.7");
      await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(
              () ->
                  assertThat(log.lines())
                      .anyMatch(line -> line.matches(".* GET /zen 200 .* for 198.51.100.7")));
    }
  }
}
