package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** URLs of the upstream are rewritten to lead back to the service. */
@SuppressWarnings("try") // the handles of overrides are only closed
class RewriteTest {

  private static final String PUBLIC = "https://cache.example/github";

  private static GitHubStandIn github;
  private static Service service;
  private static Service all;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.addToken("a-callers-token", "a-caller", "repo");
    github.updateRepository("zuul", zuul -> zuul.put("url", github.url() + "/repos/Netflix/zuul"));
    service = Service.start(github).ready();
    all = Service.start(github, Map.of("rewrite.urls", "all", "public.url", PUBLIC + "/")).ready();
  }

  @AfterAll
  static void stop() {
    all.close();
    service.close();
    github.close();
  }

  @BeforeEach
  void forget() {
    Stored.forgetForwarded(service);
    Stored.forgetForwarded(all);
    github.clearRequests();
  }

  /** Responds to everything below /x with these headers and this body. */
  private static GitHubStandIn.Handle upstreamAnswers(String content, String... fields) {
    return github.override(
        asked -> asked.path().startsWith("/x"),
        (asked, request) -> {
          for (int i = 0; i < fields.length; i += 2) {
            request.response().headers().add(fields[i], fields[i + 1]);
          }
          if (fields.length > 1
              && fields[0].equals("ETag")
              && fields[1].equals(asked.header("If-None-Match"))) {
            request.response().setStatusCode(304).end();
          } else {
            request.response().end(content);
          }
        });
  }

  private static String field(HttpResponse<?> answer, String name) {
    return String.join(" | ", answer.headers().allValues(name));
  }

  @Test
  void forwardedLinkUsesTheRequestsHost() {
    String link =
        "<%1$s/organizations/913567/x?page=2>; rel=\"next\", <%1$s/x?page=9>; rel=\"last\"";
    try (var answering =
        upstreamAnswers(
            "[]", "Link", link.formatted(github.url()), "Cache-Control", "max-age=60")) {
      for (String host : List.of("127.0.0.1:" + service.port(), "cache.local", "[::1]:80")) {
        String answer = RawHttp.request(service.port(), "GET /x HTTP/1.1", "Host: " + host);
        assertThat(answer).contains("Link: " + link.formatted("http://" + host));
      }
      assertThat(github.requests()).as("the Host is not stored").hasSize(1);
    }
  }

  @Test
  void locationIsRewritten() {
    try (var answering = upstreamAnswers("", "Location", github.url() + "/repositories/1?a=b#c")) {
      for (String method : List.of("GET", "POST")) {
        assertThat(field(service.send(method, "/x"), "Location"))
            .isEqualTo(service.url("/repositories/1?a=b#c"));
      }
    }
  }

  @Test
  void urlsSimilarToTheUpstreamAreNotRewritten() {
    String port = github.url().substring(github.url().lastIndexOf(':') + 1);
    for (String other :
        List.of(
            github.url() + "1/x",
            github.url() + ".evil.example/x",
            github.url() + "@evil.example/x",
            "https://127.0.0.1:" + port + "/x",
            "http://elsewhere.example/?u=" + github.url() + "x")) {
      try (var answering = upstreamAnswers("", "Location", other)) {
        assertThat(field(service.get("/x"), "Location")).isEqualTo(other);
        Stored.forgetForwarded(service);
      }
    }
  }

  @Test
  void upstreamUrlIsMatchedCaseInsensitively() {
    try (var answering =
        upstreamAnswers("", "Location", github.url().replace("http", "HTTP") + "/y")) {
      assertThat(field(service.get("/x"), "Location")).isEqualTo(service.url("/y"));
    }
  }

  @Test
  void upstreamBasePathIsRemoved() {
    try (Service enterprise =
            Service.start(github, Map.of("github.api.url", github.url() + "/x/api/v3"));
        var answering =
            upstreamAnswers(
                "",
                "Link",
                "<"
                    + github.url()
                    + "/x/api/v3/a?page=2>; rel=\"next\", <"
                    + github.url()
                    + "/other>; rel=\"x\"",
                "Location",
                "/x/api/v3/b")) {
      HttpResponse<String> answer = enterprise.get("/a");
      assertThat(field(answer, "Link"))
          .isEqualTo(
              "<%s>; rel=\"next\", <%s/other>; rel=\"x\""
                  .formatted(enterprise.url("/a?page=2"), github.url()));
      assertThat(field(answer, "Location")).isEqualTo("/b");
    }
  }

  @Test
  void noneRewritesNothing() {
    try (Service none = Service.start(github, Map.of("rewrite.urls", "none"));
        var answering = upstreamAnswers("", "Location", github.url() + "/y")) {
      assertThat(field(none.get("/x"), "Location")).isEqualTo(github.url() + "/y");
    }
  }

  @Test
  void linksUsePublicUrl() {
    try (var answering = upstreamAnswers("", "Location", github.url() + "/y")) {
      assertThat(field(all.get("/x"), "Location")).isEqualTo(PUBLIC + "/y");
    }
  }

  // rewrite.urls=all: in JSON too

  @Test
  void forwardedJsonIsRewrittenWithOwnLengthAndETag() {
    String plain =
        "{\"u\":\"%1$s/a{?b}\",\"v\":\"%1$s\",\"t\":\"see \\\"%1$s/a\\\" é\",\"o\":\"%1$s1/a\"}";
    String here =
        "{\"u\":\"%2$s/a{?b}\",\"v\":\"%2$s\",\"t\":\"see \\\"%1$s/a\\\" é\",\"o\":\"%1$s1/a\"}";
    try (var answering =
        upstreamAnswers(
            plain.formatted(github.url()),
            "ETag",
            "W/\"abc\"",
            "Content-Type",
            "application/json; charset=utf-8",
            "Cache-Control",
            "max-age=60",
            "Age",
            "100")) {
      HttpResponse<String> first = all.get("/x");
      String expected = here.formatted(github.url(), PUBLIC);
      assertThat(first.body()).isEqualTo(expected);
      assertThat(field(first, "Content-Length"))
          .isEqualTo(String.valueOf(expected.getBytes(StandardCharsets.UTF_8).length));
      String tag = field(first, "ETag");
      assertThat(tag).matches("W/\"abc-[0-9a-f]{8}\"");

      HttpResponse<String> revalidated = all.get("/x");
      assertThat(github.requests().get(1).headers("If-None-Match")).containsExactly("W/\"abc\"");
      assertThat(revalidated.body()).isEqualTo(expected);
      assertThat(field(revalidated, "ETag")).isEqualTo(tag);
      assertThat(all.get("/x", "If-None-Match", tag).statusCode()).isEqualTo(304);
      assertThat(all.get("/x", "If-None-Match", "W/\"abc\"").statusCode()).isEqualTo(200);

      Stored.forgetForwarded(all);
      HttpResponse<String> cold = all.get("/x", "If-None-Match", tag);
      assertThat(cold.statusCode()).isEqualTo(304);
      assertThat(field(cold, "ETag")).isEqualTo(tag);
      assertThat(service.get("/x").body()).isEqualTo(plain.formatted(github.url()));
    }
  }

  @Test
  void responsesStoredForAnotherUrlAreNotUsed() {
    String content = "{\"url\":\"" + github.url() + "/a\"}";
    try (OwnRedis redis = OwnRedis.start();
        var answering =
            upstreamAnswers(
                content,
                "ETag",
                "\"a\"",
                "Content-Type",
                "application/json",
                "Cache-Control",
                "max-age=60")) {
      for (String url : List.of("", "https://one.example", "https://two.example")) {
        Map<String, String> settings =
            Map.of(
                "redis.url",
                redis.url(),
                "public.url",
                url,
                "rewrite.urls",
                url.isEmpty() ? "links" : "all");
        try (Service each = Service.start(github, settings)) {
          assertThat(each.get("/x").body())
              .isEqualTo("{\"url\":\"" + (url.isEmpty() ? github.url() : url) + "/a\"}");
        }
      }
    }
  }

  @Test
  void compressedJsonIsRewrittenAndStaysCompressed() throws Exception {
    String content = "{\"url\":\"" + github.url() + "/a\"}";
    try (var answering =
        github.override(
            asked -> asked.path().equals("/x"),
            (asked, request) ->
                request
                    .response()
                    .putHeader("Content-Type", "application/json")
                    .putHeader("Content-Encoding", "gzip")
                    .end(io.vertx.core.buffer.Buffer.buffer(zipped(content))))) {
      HttpResponse<byte[]> answer =
          HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(URI.create(all.url("/x")))
                      .header("Accept-Encoding", "gzip")
                      .build(),
                  HttpResponse.BodyHandlers.ofByteArray());
      assertThat(field(answer, "Content-Encoding")).isEqualTo("gzip");
      assertThat(field(answer, "Content-Length")).isEqualTo(String.valueOf(answer.body().length));
      assertThat(new GZIPInputStream(new ByteArrayInputStream(answer.body())).readAllBytes())
          .asString(StandardCharsets.UTF_8)
          .isEqualTo("{\"url\":\"" + PUBLIC + "/a\"}");
    }
  }

  @Test
  void otherContentTypesAreNotRewritten() {
    String content = "{\"url\":\"" + github.url() + "/a\"}";
    for (String type : List.of("application/vnd.github.raw+json; charset=utf-8", "text/html")) {
      try (var answering = upstreamAnswers(content, "ETag", "\"a\"", "Content-Type", type)) {
        HttpResponse<String> answer = all.get("/x/" + type.length());
        assertThat(answer.body()).isEqualTo(content);
        assertThat(field(answer, "ETag")).isEqualTo("\"a\"");
      }
    }
  }

  @Test
  void responseToWriteIsRewritten() {
    try (var answering =
        upstreamAnswers(
            "{\"url\":\"" + github.url() + "/a\"}", "Content-Type", "application/json")) {
      assertThat(all.send("POST", "/x").body()).isEqualTo("{\"url\":\"" + PUBLIC + "/a\"}");
    }
  }

  @Test
  void cachedEndpointsAreRewrittenWithAllPages() {
    String forwarded = github.url() + "/repos/Netflix/zuul";
    assertThat(service.get("/orgs/Netflix/repos").body()).contains(forwarded);
    HttpResponse<String> rewritten = all.get("/orgs/Netflix/repos");
    assertThat(rewritten.body())
        .contains('"' + PUBLIC + "/repos/Netflix/zuul\"")
        .doesNotContain(forwarded);
    assertThat(json(rewritten)).hasSize(github.repositoryNames().size());
    assertThat(field(rewritten, "ETag"))
        .isNotEqualTo(field(service.get("/orgs/Netflix/repos"), "ETag"));
  }

  private static byte[] zipped(String content) {
    ByteArrayOutputStream zipped = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(zipped)) {
      gzip.write(content.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return zipped.toByteArray();
  }
}
