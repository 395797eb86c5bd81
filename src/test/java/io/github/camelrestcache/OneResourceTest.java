package io.github.camelrestcache;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.base.ContentCoding;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** One resource is one request to GitHub, in whatever form clients ask for it. */
class OneResourceTest extends OneService {

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    service = Service.start(github).ready();
  }

  private static long asked() {
    return github.requests().stream().filter(each -> each.path().startsWith("/x")).count();
  }

  private static String field(HttpResponse<?> answer, String name) {
    return String.join(" | ", answer.headers().allValues(name));
  }

  private static byte[] gzip(byte[] content) {
    ByteArrayOutputStream zipped = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(zipped)) {
      gzip.write(content);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return zipped.toByteArray();
  }

  @Test
  void rangeIsOfTheCodingThatTheClientAccepts() throws Exception {
    byte[] json = "0123456789".repeat(100).getBytes(UTF_8);
    github.override(
        each -> each.path().equals("/x/ranges"),
        (asked, request) -> {
          boolean zips = "gzip".equals(asked.header("Accept-Encoding"));
          request.response().headers().add("Cache-Control", "max-age=60").add("ETag", "\"a\"");
          if (zips) {
            request.response().headers().add("Content-Encoding", "gzip");
          }
          request.response().end(Buffer.buffer(zips ? gzip(json) : json));
        });
    service.get("/x/ranges");
    for (int i = 0; i < 2; i++) { // through the routes and from memory
      HttpResponse<String> part =
          service.get("/x/ranges", "Range", "bytes=10-19", "If-Range", "\"a\"");
      assertThat(part.statusCode()).isEqualTo(206);
      assertThat(part.body()).isEqualTo("0123456789");
      assertThat(field(part, "Content-Range")).isEqualTo("bytes 10-19/1000");
      assertThat(field(part, "Content-Encoding")).isEmpty();
    }
    HttpResponse<byte[]> zipped =
        service.bytes("GET", "/x/ranges", "Range", "bytes=0-1", "Accept-Encoding", "gzip");
    assertThat(zipped.body()).containsExactly(0x1f, 0x8b);
    assertThat(field(zipped, "Content-Encoding")).isEqualTo("gzip");
  }

  @Test
  void clientsOfAnyCodingShareOneRequest() throws Exception {
    byte[] json = "{\"a\":\"one\"}".repeat(1000).getBytes(UTF_8);
    github.override(
        each -> each.path().startsWith("/x"),
        (asked, request) -> {
          boolean zips = "gzip".equals(asked.header("Accept-Encoding"));
          request.response().headers().add("Cache-Control", "max-age=60").add("ETag", "\"a\"");
          request.response().headers().add("Vary", "Accept, Accept-Encoding");
          if (zips) {
            request.response().headers().add("Content-Encoding", "gzip");
          }
          request.response().end(Buffer.buffer(zips ? gzip(json) : json));
        });

    List<String[]> clients =
        List.of(
            new String[] {},
            new String[] {"Accept-Encoding", "gzip"},
            new String[] {"Accept-Encoding", "gzip, deflate", "Accept", "*/*"},
            new String[] {"Accept-Encoding", "br, gzip", "Accept", "application/json"},
            new String[] {"Accept-Encoding", "identity", "Accept", "application/vnd.github+json"},
            new String[] {"Accept", "application/vnd.github.v3+json"},
            new String[] {
              "Accept",
              "application/vnd.github.mercy-preview+json, application/vnd.github.nebula-preview+json"
            });
    for (String[] fields : clients) {
      HttpResponse<byte[]> answer = service.bytes("GET", "/x/coded", fields);
      boolean zipped = String.join(" ", fields).contains("gzip");
      assertThat(field(answer, "Content-Encoding")).isEqualTo(zipped ? "gzip" : "");
      assertThat(field(answer, "Vary")).contains("Accept-Encoding");
      assertThat(field(answer, "ETag")).isEqualTo("\"a\"");
      assertThat(ContentCoding.decoded(zipped ? "gzip" : null, answer.body(), 1 << 20))
          .isEqualTo(json);
      assertThat(answer.headers().firstValueAsLong("Content-Length"))
          .hasValue(answer.body().length);
    }
    assertThat(asked()).isEqualTo(1);
    service.get("/x/coded", "Accept", "application/vnd.github.raw+json");
    assertThat(asked()).as("another media type").isEqualTo(2);
  }
}
