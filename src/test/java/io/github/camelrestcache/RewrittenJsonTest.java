package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/** URLs in JSON. */
@SuppressWarnings("try") // the handles of overrides are only closed
class RewrittenJsonTest extends Rewrites {
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
}
