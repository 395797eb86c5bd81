package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP for cached endpoints: validators, conditions, codings, pages, and what is forwarded. */
class StoredHttpTest extends StoredHttp {
  @ParameterizedTest
  @ValueSource(strings = {"/", "/orgs/Netflix", "/orgs/Netflix/members", REPOS, PAGE, VIEW})
  void hitHasValidatorsAndFreshness(String target) {
    HttpResponse<byte[]> answer = service.bytes("GET", target);

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(one(answer, "ETag")).matches("\"[0-9a-f]{32}(-30-2)?\"");
    assertThat(time(answer, "Date")).isBetween(Instant.now().minusSeconds(5), Instant.now());
    assertThat(time(answer, "Last-Modified")).isBeforeOrEqualTo(time(answer, "Date"));
    assertThat(one(answer, "Cache-Control")).isEqualTo("max-age=3600");
    assertThat(one(answer, "Vary")).isEqualTo("Accept-Encoding");
    assertThat(one(answer, "Access-Control-Expose-Headers")).contains("ETag", "Link");
    assertThat(one(answer, "Content-Length")).isEqualTo(Integer.toString(answer.body().length));
    assertThat(one(answer, "Cache-Status"))
        .isEqualTo("camel-rest-cache; hit; ttl=" + (3600 - Integer.parseInt(one(answer, "Age"))));
  }

  @ParameterizedTest
  @ValueSource(strings = {ISSUES, ISSUES + "?per_page=1", "/view/top/1/issues"})
  void maxAgeIsTheEndpointsInterval(String target) {
    assertThat(one(service.get(target), "Cache-Control")).isEqualTo("max-age=600");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/orgs/Netflix", REPOS, PAGE, VIEW})
  void matchingConditionIs304(String target) {
    HttpResponse<String> get = service.get(target);
    String tag = one(get, "ETag");
    Set<String> kept = new HashSet<>(get.headers().map().keySet());
    kept.removeAll(List.of("content-type", "content-length", "last-modified"));

    for (String[] condition :
        new String[][] {
          {"If-None-Match", tag},
          {"If-None-Match", "W/" + tag},
          {"If-None-Match", "*"},
          {"If-None-Match", " * "},
          {"If-None-Match", "\"a\", W/\"b, c\"," + tag + " , \"d\""},
          {"If-None-Match", "\"a\"", "If-None-Match", tag},
          {"If-None-Match", tag, "If-Modified-Since", "Sat, 01 Jan 2000 00:00:00 GMT"},
          {"If-Modified-Since", one(get, "Last-Modified")},
        }) {
      for (String method : List.of("GET", "HEAD")) {
        HttpResponse<String> answer = service.send(method, target, condition);

        assertThat(answer.statusCode()).as(Arrays.toString(condition)).isEqualTo(304);
        assertThat(answer.body()).isEmpty();
        assertThat(answer.headers().map().keySet()).isEqualTo(kept);
        for (String same : List.of("ETag", "Cache-Control", "Vary", "Link")) {
          assertThat(answer.headers().allValues(same)).isEqualTo(get.headers().allValues(same));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", REPOS, PAGE, VIEW})
  void nonMatchingConditionIs200(String target) {
    HttpResponse<String> get = service.get(target);
    String tag = one(get, "ETag");
    String modified = one(get, "Last-Modified");

    for (String[] condition :
        new String[][] {
          {"If-None-Match", "\"a\""},
          {"If-None-Match", tag.replace("\"", "")},
          {"If-None-Match", tag.replaceFirst("\"$", "-gzip\"")},
          {"If-None-Match", ""},
          {"If-None-Match", "\"*\""},
          {"If-None-Match", "\"a\"", "If-Modified-Since", modified},
          {"If-Modified-Since", date(time(get, "Last-Modified").minusSeconds(1))},
          {"If-Modified-Since", "yesterday"},
          {"If-Modified-Since", modified, "If-Modified-Since", modified},
          {"Range", "bytes=0-1"},
          {"Range", "bytes=0-1", "If-Range", tag},
          {"Cache-Control", "no-cache", "Pragma", "no-cache"},
        }) {
      HttpResponse<String> answer = service.get(target, condition);

      assertThat(answer.statusCode()).as(Arrays.toString(condition)).isEqualTo(200);
      assertThat(answer.body()).isEqualTo(get.body());
      assertThat(one(answer, "Cache-Status")).contains("; hit");
    }
  }

  @Test
  void ifModifiedSinceAcceptsAllDateFormats() {
    Instant modified = time(service.get(REPOS), "Last-Modified");
    for (String form :
        List.of(
            "EEE, dd MMM yyyy HH:mm:ss 'GMT'",
            "EEEE, dd-MMM-yy HH:mm:ss 'GMT'",
            "EEE MMM ppd HH:mm:ss yyyy")) {
      DateTimeFormatter format =
          DateTimeFormatter.ofPattern(form, Locale.US).withZone(ZoneOffset.UTC);
      for (int late : new int[] {0, 1, 3600}) {
        String since = format.format(modified.plusSeconds(late));
        assertThat(service.get(REPOS, "If-Modified-Since", since).statusCode()).isEqualTo(304);
      }
      String before = format.format(modified.minusSeconds(1));
      assertThat(service.get(REPOS, "If-Modified-Since", before).statusCode()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "HEAD"})
  void status304HasNoBodyAndNoFraming(String method) {
    String tag = one(service.get(REPOS), "ETag");

    String answer =
        RawHttp.request(
            service.port(), method + " " + REPOS + " HTTP/1.1", "Host: x", "If-None-Match: " + tag);

    assertThat(answer).startsWith("HTTP/1.1 304 ").endsWith("\r\n\r\n");
    assertThat(answer.toLowerCase(Locale.ROOT))
        .contains("\r\ndate: ")
        .doesNotContain("content-length", "transfer-encoding");
  }

  @ParameterizedTest
  @CsvSource({
    "/, gzip",
    "/, identity",
    "/orgs/Netflix/repos, gzip",
    "/orgs/Netflix/repos, identity",
    "/orgs/Netflix/repos?page=2, gzip",
    "/view/top/5/stars, gzip"
  })
  void headHasHeadersOfGet(String target, String coding) {
    HttpResponse<byte[]> get = service.bytes("GET", target, "Accept-Encoding", coding);
    HttpResponse<byte[]> head = service.bytes("HEAD", target, "Accept-Encoding", coding);

    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
    assertThat(one(head, "Content-Length")).isEqualTo(Integer.toString(get.body().length));
    assertThat(steady(head)).isEqualTo(steady(get));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/orgs/Netflix", "/orgs/Netflix/members", REPOS, NONE})
  void acceptedGzipIsServedWithItsOwnETag(String path) throws IOException {
    HttpResponse<byte[]> plain = service.bytes("GET", path);
    HttpResponse<byte[]> packed = service.bytes("GET", path, "Accept-Encoding", "gzip");

    assertThat(one(packed, "Content-Encoding")).isEqualTo("gzip");
    assertThat(one(packed, "Content-Type")).isEqualTo(one(plain, "Content-Type"));
    assertThat(plain.headers().firstValue("Content-Encoding")).isEmpty();
    assertThat(unpacked(packed.body())).isEqualTo(plain.body());
    assertThat(one(packed, "ETag")).isEqualTo(one(plain, "ETag").replaceFirst("\"$", "-gzip\""));
    for (String coding : List.of("gzip", "identity")) {
      boolean gzip = coding.equals("gzip");
      for (HttpResponse<byte[]> seen : List.of(plain, packed)) {
        int status =
            service
                .get(path, "Accept-Encoding", coding, "If-None-Match", one(seen, "ETag"))
                .statusCode();
        assertThat(status).isEqualTo(gzip == (seen == packed) ? 304 : 200);
      }
    }
  }

  @Test
  void storedGzipIsServedUnchanged() {
    Object stored = Stored.in(service).opsForHash().get(Stored.endpoint(github, NONE), "gzip");
    assertThat(service.bytes("GET", NONE, "Accept-Encoding", "gzip").body()).isEqualTo(stored);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gzip                         | true",
        "GZip                         | true",
        "x-gzip                       | true",
        "br, gzip, deflate            | true",
        "gzip;q=0.001                 | true",
        "gzip ; q=0.5                 | true",
        "*                            | true",
        "*;q=0.1                      | true",
        "gzip, identity               | true",
        "identity;q=0.5, gzip;q=0.5   | true",
        "gzip;q=0.2, identity;q=0     | true",
        "gzip, *;q=0                  | true",
        "identity;q=0                 | true",
        "br                           | false",
        "identity                     | false",
        "''                           | false",
        "gzip;q=0                     | false",
        "gzip;q=0.000                 | false",
        "gzip;Q=0                     | false",
        "x-gzip;q=0, *                | false",
        "gzip;q=0, *                  | false",
        "gzip;q=0.5, identity         | false",
        "gzip;q=0.5, *                | false",
        "gzip;q=x                     | false",
        "*;q=0                        | false",
        "gzip;q=0, identity;q=0       | false",
        "gzipped                      | false",
        ";                            | false",
      })
  void preferredContentCodingIsServed(String accepted, boolean gzip) {
    HttpResponse<byte[]> answer = service.bytes("GET", "/", "Accept-Encoding", accepted);

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().allValues("Content-Encoding"))
        .isEqualTo(gzip ? List.of("gzip") : List.of());
    assertThat(answer.body()[0]).isEqualTo(gzip ? (byte) 0x1f : (byte) '{');
    assertThat(one(answer, "Vary")).isEqualTo("Accept-Encoding");
  }
}
