package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The header fields of proxies count if TRUSTED_PROXIES names the peer, and not otherwise. */
@SuppressWarnings("try") // the handles of overrides are only closed
class ProxyTest {

  private static final String HERE = "http://inner:3000";
  private static final String PAGE = "/orgs/Netflix/repos?per_page=7";
  private static final Pattern BASE =
      Pattern.compile("Link: <([^>]*)/(?:orgs/Netflix/repos\\?per_page=7&|x\\?)page=2>");

  private static GitHubStandIn github;
  private static Service behindProxy;
  private static Service exposed;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    behindProxy = service("trusted.proxies", "127.0.0.1,10.0.0.0/8");
    exposed = service("trusted.proxies", "10.0.0.0/8");
  }

  private static Service service(String... settings) {
    return Service.start(github, Map.of(settings[0], settings[1])).ready();
  }

  @AfterAll
  static void stop() {
    exposed.close();
    behindProxy.close();
    github.close();
  }

  /** Everything below /x has a link and may be stored. */
  private static GitHubStandIn.Handle linked() {
    return github.override(
        asked -> asked.path().equals("/x"),
        (asked, request) ->
            request
                .response()
                .putHeader("Cache-Control", "max-age=60")
                .putHeader("Link", "<%s/x?page=2>; rel=\"next\"".formatted(github.url()))
                .end("{}"));
  }

  private static String ask(Service service, String target, String fields) {
    List<String> lines =
        new ArrayList<>(List.of("GET " + target + " HTTP/1.1", "Host: inner:3000"));
    if (!fields.isBlank()) {
      lines.addAll(List.of(fields.strip().split(" *\\| *")));
    }
    return RawHttp.request(service.port(), lines.toArray(String[]::new));
  }

  /** What the links of a stored page, and of a forwarded answer, begin with. */
  private static String base(Service service, String fields) {
    try (var answering = linked()) {
      Matcher page = BASE.matcher(ask(service, PAGE, fields));
      Matcher forwarded = BASE.matcher(ask(service, "/x", fields));
      assertThat(page.find() && forwarded.find()).as("links").isTrue();
      assertThat(page.group(1)).isEqualTo(forwarded.group(1));
      return page.group(1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '>',
      value = {
        "X-Forwarded-Proto: https | X-Forwarded-Host: gh.example > https://gh.example",
        "X-Forwarded-Proto: https > https://inner:3000",
        "X-Forwarded-Host: gh.example > http://gh.example",
        "X-Forwarded-Host: gh.example:8080 > http://gh.example:8080",
        "X-Forwarded-Host: [2001:db8::1]:8080 > http://[2001:db8::1]:8080",
        "X-Forwarded-Port: 8443 > http://inner:8443",
        "X-Forwarded-Proto: https | X-Forwarded-Port: 443 > https://inner",
        "X-Forwarded-Host: gh.example | X-Forwarded-Port: 443 > http://gh.example:443",
        "X-Forwarded-Prefix: /git/hub/ > http://inner:3000/git/hub",
        "X-Forwarded-Prefix: / > http://inner:3000",
        "Forwarded: proto=https;host=gh.example > https://gh.example",
        "forwarded: For=\"[2001:db8::1]:4711\"; Proto=HTTPS ;HOST=\"gh.example:8443\""
            + " > https://gh.example:8443",
        "Forwarded: host=gh.example | X-Forwarded-Prefix: /git > http://gh.example/git",
        "Forwarded: host=evil.example | X-Forwarded-Proto: https > https://inner:3000",
        // a proxy appends to what the client has sent
        "X-Forwarded-Host: evil.example, gh.example > http://gh.example",
        "X-Forwarded-Host: evil.example | X-Forwarded-Host: gh.example > http://gh.example",
        "Forwarded: host=evil.example, for=192.0.2.1;host=gh.example > http://gh.example",
        "Forwarded: for=192.0.2.1;host=gh.example, for=10.0.0.1;host=inside > http://gh.example",
        "Forwarded: for=192.0.2.9;x=\", for=\"[2001:db8::1]:1\";host=\"gh.example\" > http://gh.example",
        "X-Forwarded-For: 192.0.2.9, 192.0.2.1, 10.0.0.1"
            + " | X-Forwarded-Host: evil.example, gh.example, inside > http://gh.example",
      })
  void linksBeginWithWhatTrustedProxyReports(String fields, String base) {
    assertThat(base(behindProxy, fields)).isEqualTo(base);
    assertThat(base(exposed, fields)).as("untrusted peer").isEqualTo(HERE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "X-Forwarded-Host: a b",
        "X-Forwarded-Host: a>;rel=\"next\"",
        "X-Forwarded-Host: a/b",
        "X-Forwarded-Host: user@a",
        "X-Forwarded-Host: a:b",
        "X-Forwarded-Host:",
        "X-Forwarded-Host: gh.example,",
        "X-Forwarded-Proto: javascript",
        "X-Forwarded-Proto: https>",
        "X-Forwarded-Port: 0",
        "X-Forwarded-Port: 65536",
        "X-Forwarded-Port: 4a",
        "X-Forwarded-Port: -1",
        "X-Forwarded-Prefix: git",
        "X-Forwarded-Prefix: //evil.example",
        "X-Forwarded-Prefix: /git/../hub",
        "X-Forwarded-Prefix: /..",
        "X-Forwarded-Prefix: /%2e%2e",
        "X-Forwarded-Prefix: /a\tb",
        "X-Forwarded-Prefix: /a>; rel=\"next\"",
        "X-Forwarded-Prefix: https://evil.example",
        "Forwarded: host=\"a b\"",
        "Forwarded: host=gh.example for=192.0.2.1",
        "Forwarded: for=192.0.2.1;host=\"gh.example",
        "Forwarded: gh.example",
      })
  void malformedValuesAreIgnored(String field) {
    assertThat(base(behindProxy, field)).isEqualTo(HERE);
  }

  @Test
  void answersInMemoryAreNotSharedBetweenAddresses() {
    for (int i = 0; i < 2; i++) {
      for (String host : List.of("one.example", "two.example")) {
        assertThat(base(behindProxy, "X-Forwarded-Host: " + host)).isEqualTo("http://" + host);
        assertThat(base(behindProxy, "")).isEqualTo(HERE);
      }
    }
  }

  @Test
  void prefixesOfProxyAndClientAreBothInLinks() {
    try (var answering = linked()) {
      assertThat(ask(behindProxy, "/api/v3/x", "X-Forwarded-Prefix: /git"))
          .contains("Link: <http://inner:3000/git/api/v3/x?page=2>");
    }
  }

  @Test
  void publicUrlWins() {
    try (Service service =
        Service.start(
            github,
            Map.of("trusted.proxies", "127.0.0.1", "public.url", "https://cache.example/gh"))) {
      assertThat(base(service.ready(), "X-Forwarded-Host: gh.example | X-Forwarded-Prefix: /git"))
          .isEqualTo("https://cache.example/gh");
    }
  }

  @Test
  void proxyFieldsAreNotPassedOnToGitHub() {
    String fields =
        "X-Forwarded-For: 10.0.0.1 | x-forwarded-host: a | X-Forwarded-Proto: https"
            + " | X-Forwarded-Port: 1 | X-Forwarded-Prefix: /a | X-Forwarded-Server: inside"
            + " | Forwarded: for=10.0.0.1 | X-Real-IP: 10.0.0.1 | X-Other: kept";
    for (Service each : List.of(behindProxy, exposed)) {
      github.clearRequests();
      ask(each, "/repos/Netflix/zuul", fields);
      assertThat(github.requests())
          .singleElement()
          .satisfies(
              asked -> {
                assertThat(asked.header("X-Other")).isEqualTo("kept");
                assertThat(asked.headers().toString()).doesNotContainIgnoringCase("forwarded");
                assertThat(asked.headers().toString()).doesNotContain("10.0.0.1");
              });
    }
  }

  @Test
  void forwardedNamesTheClientInLogAndLimit() {
    Map<String, String> settings =
        Map.of("trusted.proxies", "127.0.0.1", "access.log", "true", "rate.limit", "1/h");
    try (Service service = Service.start(github, settings);
        LogLines log = LogLines.of("io.github.camelrestcache.access")) {
      service.ready();
      String one = "Forwarded: for=198.51.100.9, for=\"198.51.100.7:4711\";proto=https";
      assertThat(ask(service, "/zen", one)).startsWith("HTTP/1.1 200");
      assertThat(ask(service, "/zen", one)).startsWith("HTTP/1.1 429");
      assertThat(ask(service, "/zen", one.replace("7:", "8:"))).startsWith("HTTP/1.1 200");
      await()
          .untilAsserted(
              () ->
                  assertThat(log.lines())
                      .anyMatch(line -> line.matches(".* GET /zen 200 .* for 198.51.100.7")));
    }
  }
}
