package io.github.camelrestcache.refresh;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.camelrestcache.catalog.CachedEndpoint.Shape;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Page;
import java.nio.charset.Charset;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PagesTest extends PagesOfList {
  @Test
  void pagesAreConcatenatedByteForByte() {
    Pages pages = list();
    assertThat(pages.next()).isEqualTo(FIRST);
    add(
        pages,
        next(GITHUB + "/orgs/x/repos?page=2"),
        " [ \n{\"a\" : 1e400 ,\"b\":1.0},\t[ ] ]\r\n");
    assertThat(pages.next()).isEqualTo("/orgs/x/repos?page=2");
    add(pages, next(GITHUB + "/organizations/1/repos?page=3"), "[0]");
    assertThat(pages.next()).isEqualTo("/organizations/1/repos?page=3");
    add(pages, next(GITHUB + "/orgs/x/repos?page=4"), "[{\"é🚀\":\"\\ud83d\\u00e9][,\"}]");
    add(pages, fields(), "[\n12345678901234567890123456789.10\n]");
    assertThat(pages.next()).isNull();
    assertThat(whole(pages))
        .isEqualTo(
            "[{\"a\" : 1e400 ,\"b\":1.0},\t[ ],0,{\"é🚀\":\"\\ud83d\\u00e9][,\"},"
                + "12345678901234567890123456789.10]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"[]", " [ \n ] "})
  void emptyListIsValid(String body) {
    Pages pages = list();
    add(pages, fields(), body);
    assertThat(pages.next()).isNull();
    assertThat(whole(pages)).isEqualTo("[]");
  }

  @Test
  void objectIsKeptAsSentAndHasNoNextPage() {
    Pages pages = object();
    assertThat(pages.next()).isEqualTo("/orgs/x");
    add(pages, next(GITHUB + "/orgs/x?page=2"), " {\"a\":\t[1, 2]}\n");
    assertThat(pages.next()).isNull();
    assertThat(whole(pages)).isEqualTo(" {\"a\":\t[1, 2]}\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "LIST   | {\"message\":\"x\"}    | other than the expected list",
        "LIST   | \"[]\"                 | other than the expected list",
        "LIST   | null                   | other than the expected list",
        "OBJECT | [{}]                   | other than the expected object",
        "OBJECT | 1                      | other than the expected object",
        "LIST   | ``                     | with no content",
        "OBJECT | `  `                   | with no content",
        "LIST   | [{\"a\":1},            | broken JSON",
        "LIST   | [{\"a\":\"b            | broken JSON",
        "LIST   | [1,]                   | broken JSON",
        "OBJECT | {\"a\":1               | broken JSON",
        "LIST   | <html>[]</html>        | broken JSON",
        "LIST   | [1] [2]                | more than one value",
        "OBJECT | {}{}                   | more than one value",
        "LIST   | []]                    | broken JSON",
      })
  void invalidJsonOrWrongShapeIsRejected(Shape shape, String body, String reason) {
    Pages pages = pages(shape, GITHUB);
    assertThat(failure(pages, 200, fields(), body))
        .hasMessageContaining(reason)
        .hasMessageContaining("/orgs/x");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[{}]                      | other than the expected object",
        "{\"other\":[1]}           | without a list in the field 'runs'",
        "{\"a\":{\"runs\":[1]}}    | without a list in the field 'runs'",
        "{\"runs\":{}}             | without a list in the field 'runs'",
        "{\"incomplete_results\":true,\"runs\":[1]} | with incomplete results",
        "{\"runs\":[1]             | broken JSON",
        "{\"runs\":[1],\"a\":}     | broken JSON",
        "{\"runs\":[1]} 2          | more than one value",
      })
  void invalidWrappedListIsRejected(String body, String reason) {
    Pages pages = pages("/runs", Shape.LIST, "runs", GITHUB, null, "form");

    assertThatThrownBy(() -> add(pages, fields(), body)).hasMessageContaining(reason);
  }

  @Test
  void nextLinkToAnotherOriginIsNotFollowed() {
    String urls =
        """
        https://evil.example/orgs/x/repos?page=2
        https://api.github.com.evil.example/orgs/x/repos?page=2
        //evil.example/orgs/x/repos?page=2
        http://api.github.com/orgs/x/repos?page=2
        http://api.github.com:443/orgs/x/repos?page=2
        https://api.github.com:8443/orgs/x/repos?page=2
        https://user@api.github.com/orgs/x/repos?page=2
        https://api.github.com@evil.example/orgs/x/repos?page=2
        https://api.github.com
        mailto:a@b
        https://api.github.com/a b
        """;
    assertThat(urls.lines())
        .allSatisfy(
            url -> assertThat(failure(list(), 200, next(url), "[]")).hasMessageContaining(url));
  }

  @ParameterizedTest
  @ValueSource(strings = {"UTF-16BE", "UTF-16LE", "UTF-32BE", "UTF-32LE", "ISO-8859-1"})
  void encodingOtherThanUtf8IsRejected(String charset) {
    for (String json : new String[] {"[\"é\"]", "\ufeff[\"é\"]"}) {
      byte[] body = json.getBytes(Charset.forName(charset));
      assertThatThrownBy(() -> list().add(200, fields(), body, NOT_NOTED))
          .isInstanceOf(RefreshFailed.class);
    }
  }

  @Test
  void malformedUtf8IsRejected() {
    byte[] mark = "\ufeff[]".getBytes(UTF_8);
    byte[] overlong = {'[', '"', (byte) 0xc0, (byte) 0xaf, '"', ']'};
    byte[] surrogate = {'[', '"', (byte) 0xed, (byte) 0xa0, (byte) 0x80, '"', ']'};
    byte[] half = {'[', '"', (byte) 0xc3, '"', ']'};
    for (byte[] body : new byte[][] {mark, overlong, surrogate, half}) {
      assertThatThrownBy(() -> list().add(200, fields(), body, NOT_NOTED))
          .isInstanceOf(RefreshFailed.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/"})
  void linksStayBelowUpstreamBasePath(String slash) {
    String base = "https://ghe.example/api/v3";
    Pages pages = pages(Shape.LIST, base + slash);
    add(pages, next("https://GHE.example:443/api/v3/orgs/x/repos?page=2"), "[1]");
    assertThat(pages.next()).isEqualTo("/orgs/x/repos?page=2");
    add(pages, next("repos?page=3"), "[2]");
    assertThat(pages.next()).isEqualTo("/orgs/x/repos?page=3");
    add(pages, next("?page=4"), "[3]");
    assertThat(pages.next()).isEqualTo("/orgs/x/repos?page=4");
    String outside = "/api/v4/x /api/v3x /x /api/v3/../x /api/v3/%2e%2E/x /api/v3/x/..%2f..%2fy";
    for (String path : outside.split(" ")) {
      assertThat(failure(pages, 200, next("https://ghe.example" + path), "[4]"))
          .hasMessageContaining("not below " + base);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {FIRST, "/orgs/x/repos?page=2"})
  void repeatedPageEndsTheRefresh(String repeated) {
    Pages pages = list();
    add(pages, next(GITHUB + "/orgs/x/repos?page=2"), "[1]");
    assertThat(failure(pages, 200, next(GITHUB + repeated), "[2]"))
        .hasMessageContaining("already")
        .hasMessageContaining(repeated);
  }

  @Test
  void pageLimitIsEnforced() {
    Pages pages = list();
    for (int page = 2; page <= 4; page++) {
      add(pages, next(GITHUB + "/orgs/x/repos?page=" + page), "[" + page + "]");
    }
    assertThat(failure(pages, 200, next(GITHUB + "/orgs/x/repos?page=5"), "[5]"))
        .hasMessageContaining("more than 4 pages")
        .hasMessageContaining("REFRESH_MAX_PAGES");
  }

  @Test
  void endOffsetOfEachItemIsRecorded() {
    Pages pages = list();
    add(pages, next(GITHUB + "/orgs/x/repos?page=2"), " [ {\"é\":[1,2]} , \"ü\" ]");
    add(pages, next(GITHUB + "/orgs/x/repos?page=3"), "[1 ,2.5\n]");
    add(pages, fields(), "[null]");
    Entry whole = pages.whole(NOW, 7);
    assertThat(new String(whole.body(), UTF_8)).isEqualTo("[{\"é\":[1,2]} , \"ü\",1 ,2.5,null]");
    List<String> upTo = new ArrayList<>();
    for (Page page : whole.pages()) {
      for (int end : page.ends()) {
        upTo.add(new String(whole.items(page), 0, end, UTF_8));
      }
    }
    assertThat(upTo)
        .containsExactly("{\"é\":[1,2]}", "{\"é\":[1,2]} , \"ü\"", "1", "1 ,2.5", "null");
    assertThat(whole.items()).isEqualTo(5);
    assertThat(entry(" [ ] ", null).items()).isZero();
  }

  @Test
  void sameBytesKeepVersionAndChangeTime() {
    Entry first = entry("[1,2]", null);
    assertThat(first.fetched()).isEqualTo(NOW).isEqualTo(first.changed());
    assertThat(first.fence()).isEqualTo(7);

    Instant earlier = Instant.parse("2020-01-01T00:00:00Z");
    Entry stored = first.changedAt(earlier).validated(earlier, 3);
    Entry same = entry("[1,2]", stored);
    assertThat(same.version()).isEqualTo(first.version());
    assertThat(same.changed()).isEqualTo(earlier);
    assertThat(same.fetched()).isEqualTo(NOW);
    assertThat(same.fence()).isEqualTo(7);

    Entry other = entry("[1,3]", stored);
    assertThat(other.version()).isNotEqualTo(first.version());
    assertThat(other.changed()).isEqualTo(NOW);
    assertThat(other.body()).asString(UTF_8).isEqualTo("[1,3]");
  }
}
