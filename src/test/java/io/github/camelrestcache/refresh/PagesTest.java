package io.github.camelrestcache.refresh;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.CachedEndpoint.Shape;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Page;
import java.net.URI;
import java.nio.charset.Charset;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.hc.client5.http.utils.DateUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PagesTest {

  private static final String GITHUB = "https://api.github.com";
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
  private static final Runnable NOT_NOTED = () -> {};
  private static final String FIRST = "/orgs/x/repos?per_page=100";

  private static Pages pages(Shape shape, String upstream, Entry stored, String form) {
    String path = shape == Shape.LIST ? "/orgs/x/repos" : "/orgs/x";
    return pages(path, shape, "", upstream, stored, form);
  }

  private static Pages pages(
      String path, Shape shape, String items, String upstream, Entry stored, String form) {
    CachedEndpoint endpoint =
        new CachedEndpoint(
            "id",
            "What it is.",
            path,
            path,
            shape,
            items,
            "",
            Duration.ofMinutes(5),
            Set.of(),
            "a.yaml:1");
    return new Pages(endpoint, 100, true, URI.create(upstream), 4, stored, form);
  }

  private static Pages pages(Shape shape, String upstream) {
    return pages(shape, upstream, null, "form");
  }

  private static Pages list() {
    return pages(Shape.LIST, GITHUB);
  }

  private static Pages object() {
    return pages(Shape.OBJECT, GITHUB);
  }

  private static HttpFields fields(String... namesAndValues) {
    HttpFields fields = new HttpFields();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      fields.add(namesAndValues[i], namesAndValues[i + 1]);
    }
    return fields;
  }

  private static HttpFields next(String url) {
    return fields("Link", "<" + url + ">; rel=\"next\"");
  }

  private static void add(Pages pages, HttpFields fields, String body) {
    pages.add(200, fields, body.getBytes(UTF_8), NOT_NOTED);
  }

  private static String whole(Pages pages) {
    return new String(pages.whole(NOW, 7).body(), UTF_8);
  }

  private static RefreshFailed failure(Pages pages, int status, HttpFields fields, String body) {
    RefreshFailed failure =
        catchThrowableOfType(
            RefreshFailed.class, () -> pages.add(status, fields, body.getBytes(UTF_8), NOT_NOTED));
    assertThat(failure).as("the failure of %d %s", status, body).isNotNull();
    return failure;
  }

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

  @ParameterizedTest
  @ValueSource(ints = {301, 302, 307, 308})
  void sameOriginRedirectIsFollowedOnce(int status) {
    HttpFields there = fields("Location", GITHUB + "/organizations/1");
    Pages pages = object();
    pages.add(status, there, new byte[0], NOT_NOTED);
    assertThat(pages.next()).isEqualTo("/organizations/1");
    add(pages, fields(), "{}");
    assertThat(whole(pages)).isEqualTo("{}");

    Pages twice = object();
    twice.add(status, there, new byte[0], NOT_NOTED);
    assertThat(failure(twice, status, fields("Location", GITHUB + "/organizations/2"), ""))
        .hasMessageContaining("more than once");
  }

  @ParameterizedTest
  @ValueSource(strings = {"https://evil.example/x", "http://api.github.com/x", "/orgs/x", "x", ""})
  void redirectToAnotherOriginOrToItselfIsRejected(String location) {
    assertThat(failure(object(), 302, fields("Location", location), ""))
        .hasMessageContaining("redirects /orgs/x to " + location.replaceFirst("^x?$", "/orgs/x"));
    assertThat(failure(object(), 302, fields(), "")).hasMessageContaining("/orgs/x");
  }

  @Test
  void smallerPagesAreRedirectedToo() {
    Pages pages = list();
    HttpFields moved = fields("Location", "/organizations/7/repos?per_page=100");
    pages.add(301, moved, new byte[0], NOT_NOTED);
    pages.add(502, fields(), new byte[0], NOT_NOTED);
    assertThat(pages.next()).isEqualTo("/orgs/x/repos?per_page=50");

    pages.add(
        301, fields("Location", "/organizations/7/repos?per_page=50"), new byte[0], NOT_NOTED);

    assertThat(pages.next()).isEqualTo("/organizations/7/repos?per_page=50");
  }

  @Test
  void redirectDoesNotCountAsPage() {
    Pages pages = list();
    pages.add(302, fields("Location", "/organizations/1/repos"), new byte[0], NOT_NOTED);
    for (int page = 2; page <= 4; page++) {
      add(pages, next(GITHUB + "/organizations/1/repos?page=" + page), "[1]");
    }
    add(pages, fields(), "[1]");
    assertThat(whole(pages)).isEqualTo("[1,1,1,1]");
  }

  @ParameterizedTest
  @ValueSource(ints = {403, 429})
  void secondaryLimitWithoutRetryAfterWaitsOneMinute(int status) {
    HttpFields left = fields("x-ratelimit-remaining", "4000", "x-ratelimit-reset", "99999999999");
    Instant now = Instant.now();
    RefreshFailed limited =
        failure(object(), status, left, "{\"message\":\"a secondary rate limit\"}");
    assertThat(limited).hasMessageContaining("a secondary rate limit");
    assertThat(limited.notBefore()).isBetween(now.plusSeconds(60), now.plusSeconds(90));
  }

  @Test
  void emptyLaterPageIsRejected() {
    Pages pages = list();
    add(pages, next(GITHUB + "/orgs/x/repos?page=2"), "[1]");
    assertThat(failure(pages, 200, fields(), "[]")).hasMessageContaining("an empty list");
  }

  @ParameterizedTest
  @CsvSource({
    "401, GITHUB_API_TOKEN",
    "404, GITHUB_ORG",
    "403, answered /orgs/x with 403",
    "429, answered /orgs/x with 429",
    "500, answered /orgs/x with 500",
    "202, answered /orgs/x with 202",
    "204, answered /orgs/x with 204",
    "206, answered /orgs/x with 206",
    "304, answered /orgs/x with 304",
  })
  void unexpectedStatusIsRejectedWithReason(int status, String sentence) {
    assertThat(failure(object(), status, fields(), "{}"))
        .hasMessageContaining(sentence)
        .hasMessageContaining(Integer.toString(status));
  }

  @ParameterizedTest
  @ValueSource(ints = {403, 429})
  void rateLimitResetAndRetryAfterSetNextAttempt(int status) {
    Instant reset = Instant.now().truncatedTo(ChronoUnit.SECONDS).plusSeconds(2400);
    HttpFields spent =
        fields(
            "X-RateLimit-Remaining", "0",
            "X-RateLimit-Limit", "60",
            "X-RateLimit-Reset", Long.toString(reset.getEpochSecond()));
    RefreshFailed limited = failure(object(), status, spent, "{}");
    String clock = reset.toString().substring(11, 19);
    assertThat(limited).hasMessageContaining("until " + clock).hasMessageContaining("60 requests");
    assertThat(limited.notBefore()).isBetween(reset, reset.plusSeconds(1));

    Instant now = Instant.now();
    RefreshFailed asked = failure(object(), status, spent.set("Retry-After", "120"), "{}");
    assertThat(asked).hasMessageContaining("60 requests is spent");
    assertThat(asked.notBefore()).isBetween(now.plusSeconds(120), now.plusSeconds(150));
    String date = DateUtils.formatStandardDate(reset);
    RefreshFailed dated = failure(object(), status, fields("Retry-After", date), "{}");
    assertThat(dated).hasMessageContaining("asks to wait");
    assertThat(dated.notBefore()).isBetween(reset, reset.plusSeconds(1));
  }

  @Test
  void waitIsAtMostOneDay() {
    Instant now = Instant.now();
    for (HttpFields fields :
        List.of(
            fields("Retry-After", "999999999999"),
            fields("Retry-After", "Fri, 01 Jan 2100 12:40:00 GMT"),
            fields("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "4102490400"))) {
      assertThat(failure(object(), 429, fields, "{}").notBefore())
          .isBetween(now.plus(Duration.ofDays(1)), now.plus(Duration.ofHours(25)));
    }
  }

  @Test
  void resetIsReadByGitHubsClock() {
    // GitHub's clock is an hour behind
    Instant now = Instant.now();
    HttpFields spent =
        fields(
            "X-RateLimit-Remaining", "0",
            "X-RateLimit-Reset", Long.toString(now.getEpochSecond() - 3600 + 60),
            "Date", DateUtils.formatStandardDate(now.minusSeconds(3600)));
    assertThat(failure(object(), 403, spent, "{}").notBefore())
        .isBetween(now.plusSeconds(59), now.plusSeconds(75));
  }

  @Test
  void status429WaitsOneMinuteAnd500DoesNotWait() {
    Instant now = Instant.now();
    assertThat(failure(object(), 429, fields("Retry-After", "soon"), "").notBefore())
        .isBetween(now.plusSeconds(60), now.plusSeconds(90));
    assertThat(failure(object(), 500, fields(), "").notBefore()).isBefore(now);
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

  private static Entry entry(String body, Entry stored) {
    Pages pages = pages(Shape.LIST, GITHUB, stored, "form");
    add(pages, fields(), body);
    return pages.whole(NOW, 7);
  }

  // conditional requests

  private static final String SECOND = "/orgs/x/repos?page=2";
  private static final String THIRD = "/orgs/x/repos?page=3";

  /** Three pages with the validators "1", "2" and "3" and two, one and one items. */
  private static Entry threePages() {
    Pages pages = list();
    answer(pages, "1", SECOND, "[{\"id\":1},{\"id\":2}]");
    answer(pages, "2", THIRD, "[{\"id\":3}]");
    answer(pages, "3", null, "[{\"id\":4}]");
    assertThat(pages.next()).isEqualTo(FIRST);
    notModified(pages);
    return pages.whole(NOW, 7);
  }

  private static void answer(Pages pages, String tag, String next, String body) {
    HttpFields fields = next == null ? fields() : next(GITHUB + next);
    pages.add(200, fields.add("ETag", tag), body.getBytes(UTF_8), NOT_NOTED);
  }

  private static void notModified(Pages pages) {
    pages.add(304, fields(), new byte[0], NOT_NOTED);
  }

  private static Pages again(Entry stored) {
    return pages(Shape.LIST, GITHUB, stored, "form");
  }

  @Test
  void unchangedPagesKeepTheStoredEntry() {
    Entry stored = threePages();
    Pages pages = again(stored);
    List<String> asked = new ArrayList<>();
    while (pages.next() != null) {
      asked.add(pages.next() + " " + pages.validator());
      notModified(pages);
    }
    assertThat(asked).containsExactly(FIRST + " 1", SECOND + " 2", THIRD + " 3");
    assertThat(pages.cost(true)).isZero();
    assertThat(pages.cost(false)).isEqualTo(3);
    Instant later = NOW.plusSeconds(60);
    Entry validated = pages.whole(later, 8);
    assertThat(validated).isEqualTo(stored.validated(later, 8));
    assertThat(validated.gzip()).isSameAs(stored.gzip());
  }

  @Test
  void newContentWithSameLengthAndValidatorIsStored() {
    Pages first = object();
    answer(first, "W/1", null, "{\"a\":1}");
    Pages pages = pages(Shape.OBJECT, GITHUB, first.whole(NOW, 7), "form");
    answer(pages, "W/1", null, "{\"a\":2}");
    assertThat(whole(pages)).isEqualTo("{\"a\":2}");
  }

  @Test
  void changedPageIsMergedWithUnchangedPages() {
    Entry stored = threePages();
    Pages pages = again(stored);
    notModified(pages);
    answer(pages, "2b", THIRD, "[{\"id\":3,\"a\":true}]");
    notModified(pages);
    notModified(pages); // the first page, checked again
    assertThat(pages.next()).isNull();
    assertThat(pages.cost(true)).isEqualTo(1);
    Entry whole = pages.whole(NOW, 8);
    assertThat(whole.body())
        .asString(UTF_8)
        .isEqualTo("[{\"id\":1},{\"id\":2},{\"id\":3,\"a\":true},{\"id\":4}]");
    assertThat(whole.pages()).extracting(Page::validator).containsExactly("1", "2b", "3");
    assertThat(whole.version()).isNotEqualTo(stored.version());
  }

  @Test
  void validatorsOfAnotherFormAreNotSent() {
    assertThat(pages(Shape.LIST, GITHUB, threePages(), "other").validator()).isNull();
  }

  @Test
  void unsolicited304IsAFailure() {
    assertThat(failure(list(), 304, fields(), "")).hasMessageContaining("with 304");
  }

  @Test
  void addedPageIsFollowed() {
    Pages pages = again(threePages());
    notModified(pages);
    notModified(pages);
    pages.add(304, next(GITHUB + "/orgs/x/repos?page=4"), new byte[0], NOT_NOTED);
    assertThat(pages.next()).isEqualTo("/orgs/x/repos?page=4");
    assertThat(pages.validator()).isNull();
  }

  @Test
  void fullLastPageWith304IsRefetchedUnconditionally() {
    Pages first = list();
    answer(first, "1", null, "[" + "0,".repeat(99) + "0]");
    Pages pages = again(first.whole(NOW, 7));
    assertThat(pages.validator()).isEqualTo("1");
    notModified(pages);
    assertThat(pages.next()).isEqualTo(FIRST);
    assertThat(pages.validator()).isNull();
    answer(pages, "1", SECOND, "[" + "0,".repeat(99) + "0]");
    assertThat(pages.next()).isEqualTo(SECOND);
  }

  @Test
  void removedPagesAreDropped() {
    Pages pages = again(threePages());
    notModified(pages);
    notModified(pages);
    answer(pages, "empty", null, "[]");
    assertThat(pages.next() + pages.validator()).isEqualTo(SECOND + "null");
    answer(pages, "2", null, "[{\"id\":3}]");
    notModified(pages); // the first page, checked again
    assertThat(pages.next()).isNull();
    assertThat(whole(pages)).isEqualTo("[{\"id\":1},{\"id\":2},{\"id\":3}]");
  }

  // a list that changes while it is fetched

  @Test
  void duplicateItemRefetchesAllPages() {
    Pages pages = list();
    answer(pages, "1", SECOND, "[{\"id\":1},{\"id\":2}]");
    answer(pages, "2", null, "[{\"id\":2},{\"id\":3}]");
    assertThat(pages.next() + pages.validator()).isEqualTo(FIRST + "1");
    answer(pages, "1b", SECOND, "[{\"id\":0},{\"id\":1}]");
    assertThat(pages.next() + pages.validator()).isEqualTo(SECOND + "2");
    notModified(pages);
    notModified(pages); // the first page, checked again
    assertThat(pages.next()).isNull();
    assertThat(whole(pages)).isEqualTo("[{\"id\":0},{\"id\":1},{\"id\":2},{\"id\":3}]");
  }

  @Test
  void changedFirstPageStartsAnotherRound() {
    Pages pages = list();
    answer(pages, "1", SECOND, "[{\"id\":1},{\"id\":2}]");
    answer(pages, "2", null, "[{\"id\":4}]");
    assertThat(pages.next() + pages.validator()).isEqualTo(FIRST + "1");
    answer(pages, "1b", SECOND, "[{\"id\":2},{\"id\":3}]");
    assertThat(pages.next() + pages.validator()).isEqualTo(SECOND + "2");
    notModified(pages);
    notModified(pages);
    assertThat(whole(pages)).isEqualTo("[{\"id\":2},{\"id\":3},{\"id\":4}]");
  }

  @Test
  void thirdRoundIsAcceptedWithoutDuplicates() {
    Pages pages = list();
    for (int round = 1; round <= 3; round++) {
      answer(pages, "1-" + round, SECOND, "[{\"id\":%d}]".formatted(round));
      answer(pages, "2-" + round, null, "[{\"id\":9}]");
    }
    assertThat(pages.next()).isNull();
    assertThat(whole(pages)).isEqualTo("[{\"id\":3},{\"id\":9}]");
  }

  @Test
  void stableDuplicateIsAccepted() {
    Pages pages = list();
    answer(pages, "1", SECOND, "[{\"id\":1}]");
    answer(pages, "2", null, "[{\"id\":1}]");
    notModified(pages);
    notModified(pages);
    assertThat(pages.next()).isNull();
    assertThat(whole(pages)).isEqualTo("[{\"id\":1},{\"id\":1}]");
  }

  @Test
  void changingListWithDuplicateIsRejected() {
    Pages pages = list();
    for (int round = 1; round <= 2; round++) {
      answer(pages, "1", SECOND, "[{\"id\":1}]");
      answer(pages, "2", null, "[{\"id\":1}]");
    }
    answer(pages, "1", SECOND, "[{\"id\":1}]");
    RefreshFailed failure = failure(pages, 200, fields(), "[{\"id\":1}]");
    assertThat(failure).hasMessageContaining("changes faster");
  }
}
