package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.base.ContentCoding;
import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pages and views are sent in gzip to clients that accept it. */
class PagesInGzipTest extends FastAndPlain {

  private static final String REPOS = "/orgs/Netflix/repos";

  @BeforeAll
  static void start() {
    start(
        GitHubStandIn.builder().repositories(237).limits(100_000, 100_000).build().start(),
        Map.of("refresh.interval", "1h"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        REPOS + "?per_page=100",
        REPOS + "?per_page=100&page=2",
        REPOS + "?page=3&per_page=100",
        REPOS + "?per_page=30&page=4",
        REPOS + "?per_page=1",
        REPOS + "?page=2",
        "/view/top/5/stars",
        "/view/bottom/100/last_updated",
      })
  void acceptedGzipHasItsOwnETag(String target) throws IOException {
    for (Service service : List.of(fast, plain)) {
      HttpResponse<byte[]> identity = service.bytes("GET", target);
      HttpResponse<byte[]> gzip = service.bytes("GET", target, "Accept-Encoding", "gzip, br");
      assertThat(field(identity, "Content-Encoding")).isEmpty();
      assertThat(field(gzip, "Content-Encoding")).isEqualTo("gzip");
      assertThat(gzip.body().length).isLessThan(identity.body().length);
      assertThat(ContentCoding.decoded("gzip", gzip.body(), 1 << 20)).isEqualTo(identity.body());
      assertThat(field(gzip, "ETag"))
          .isEqualTo(field(identity, "ETag").replaceAll("\"$", "-gzip\""));
      assertThat(field(gzip, "Link")).isEqualTo(field(identity, "Link"));
      for (HttpResponse<byte[]> answer : List.of(identity, gzip)) {
        assertThat(field(answer, "Vary")).isEqualTo("Accept-Encoding");
        String coding = answer == gzip ? "gzip" : "identity";
        HttpResponse<byte[]> head = service.bytes("HEAD", target, "Accept-Encoding", coding);
        assertThat(head.body()).isEmpty();
        for (String name : List.of("ETag", "Content-Encoding", "Content-Length", "Vary", "Link")) {
          assertThat(field(head, name)).as(name).isEqualTo(field(answer, name));
        }
        assertThat(answer.headers().firstValueAsLong("Content-Length"))
            .hasValue(answer.body().length);
        for (HttpResponse<byte[]> seen : List.of(identity, gzip)) {
          HttpResponse<byte[]> asked =
              service.bytes(
                  "GET", target, "Accept-Encoding", coding, "If-None-Match", field(seen, "ETag"));
          assertThat(asked.statusCode()).isEqualTo(seen == answer ? 304 : 200);
          assertThat(field(asked, "ETag")).isEqualTo(field(answer, "ETag"));
          assertThat(asked.body()).isEqualTo(seen == answer ? new byte[0] : answer.body());
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"per_page=100", "per_page=100&page=2", "per_page=100&page=3"})
  void pageOfHundredItemsIsSentAsStored(String query) throws IOException {
    byte[] page = fast.bytes("GET", REPOS + "?" + query, "Accept-Encoding", "gzip").body();
    byte[] list = fast.bytes("GET", REPOS, "Accept-Encoding", "gzip").body();
    // without the header and "[", and without "]", the end and the trailer
    assertThat(hex(list)).contains(hex(page).substring(32, page.length * 2 - 32));
    byte[] json = fast.bytes("GET", REPOS + "?" + query).body();
    assertThat(page.length).isLessThan(ContentCoding.gzip(json).length + 64);
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  @Test
  void emptyPageIsNotCompressed() {
    HttpResponse<byte[]> answer =
        fast.bytes("GET", REPOS + "?page=99", "Accept-Encoding", "gzip, identity;q=0");
    assertThat(field(answer, "Content-Encoding")).isEmpty();
    assertThat(new String(answer.body(), StandardCharsets.UTF_8)).isEqualTo("[]");
    assertThat(field(answer, "ETag")).doesNotContain("gzip");
    assertThat(field(answer, "Vary")).isEqualTo("Accept-Encoding");
  }

  private static String field(HttpResponse<?> answer, String name) {
    return String.join(" | ", answer.headers().allValues(name));
  }
}
