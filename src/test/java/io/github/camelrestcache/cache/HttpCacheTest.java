package io.github.camelrestcache.cache;

import static io.github.camelrestcache.cache.FreshnessTest.fields;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.cache.Answer.Kind;
import io.github.camelrestcache.cache.Scopes.Version;
import io.github.camelrestcache.upstream.UpstreamRequest;
import io.github.camelrestcache.upstream.UpstreamResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When a stored response is the answer, and what becomes of GitHub's (RFC 9111 4 and 5.2.1). */
class HttpCacheTest {

  private static final Found MISS = found(null, "mark");
  private static final Found NOTHING = Found.nothing(null);

  private final HttpCache cache = cache(null);

  private static HttpCache cache(Duration maxAge) {
    Freshness.Rules rules = new Freshness.Rules(false, Duration.ofHours(1));
    return new HttpCache(URI.create("https://github.example/api"), rules, maxAge, 100_000);
  }

  private static UpstreamRequest ask(String method, String fields) {
    return new UpstreamRequest(method, "/a", fields(fields), null, false, "nobody", "key", null);
  }

  private static Found found(StoredResponse response, String mark) {
    return new Found("key", null, new Version("", mark), null, Set.of(), response, 0);
  }

  /** A stored response with an ETag, of this age in seconds. */
  private static Found stored(String cacheControl, long age) {
    HttpFields fields = fields("ETag: \"a\"; Cache-Control: " + cacheControl);
    Instant received = Instant.now().minusSeconds(age);
    StoredResponse response =
        StoredResponse.of(200, fields, content(1), received, MISS.version(), ask("GET", null));
    return found(response, "mark");
  }

  private Answer merge(UpstreamRequest ask, Found found, Use use, UpstreamResponse answered, int n)
      throws IOException {
    return cache.merge(null, ask, found, use, answered, new ByteArrayInputStream(content(n)));
  }

  private static UpstreamResponse answered(int status, String fields) {
    return new UpstreamResponse(status, fields(fields), status == 429, false, false);
  }

  private static byte[] content(int length) {
    byte[] content = new byte[length];
    new Random(1).nextBytes(content);
    return content;
  }

  @ParameterizedTest
  @CsvSource({
    "max-age=60, 30, , , FRESH",
    "max-age=60, 90, , , STALE",
    "max-age=60, 30, , Pragma: no-cache, REQUESTED", // 5.4
    "max-age=60, 30, , Pragma: no-cache; Cache-Control: max-age=50, FRESH", // 5.4
    "max-age=60, 30, , Cache-Control: max-age=10, REQUESTED", // 5.2.1.1
    "max-age=60, 90, , Cache-Control: max-stale, FRESH", // 5.2.1.2
    "max-age=60, 90, , Cache-Control: max-stale=50, FRESH", // 5.2.1.2
    "max-age=60, 90, , Cache-Control: max-stale=10, STALE", // 5.2.1.2
    "max-age=60, 30, , Cache-Control: min-fresh=50, REQUESTED", // 5.2.1.3
    "max-age=60, 30, , Cache-Control: no-cache, REQUESTED", // 5.2.1.4
    "'max-age=60, must-revalidate', 90, , Cache-Control: max-stale, STALE", // 5.2.2.2
    "'max-age=60, no-cache', 30, , Cache-Control: max-stale, STALE", // 5.2.2.4
    "'max-age=60, stale-while-revalidate=50', 90, , , WHILE_REVALIDATE", // RFC 5861 3
    "'max-age=60, stale-while-revalidate=10', 90, , , STALE", // RFC 5861 3
    "max-age=60, 20, 40, , FRESH", // with FORWARD_MAX_AGE
    "max-age=60, 50, 40, Cache-Control: max-stale, STALE",
    "max-age=60, 90, 3600, , STALE"
  })
  void ageAndDirectivesDecide(String stored, long age, Integer maxAge, String asked, Use use) {
    HttpCache own = cache(maxAge == null ? null : Duration.ofSeconds(maxAge));
    assertThat(own.judge(ask("GET", asked), stored(stored, age))).isEqualTo(use);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "other"})
  void changedScopeMakesResponseStale(String mark) {
    Found found = found(stored("max-age=60", 30).response(), mark);
    assertThat(cache.judge(ask("GET", null), found)).isEqualTo(Use.STALE);
    assertThat(cache.judge(ask("GET", "Cache-Control: max-stale"), found)).isEqualTo(Use.STALE);
  }

  @Test
  void withoutStoredResponseGitHubIsAsked() {
    assertThat(cache.judge(ask("GET", null), MISS)).isEqualTo(Use.MISS);
    assertThat(cache.judge(ask("GET", null), NOTHING)).isEqualTo(Use.BYPASS);
    assertThat(cache.judge(ask("HEAD", null), NOTHING)).isEqualTo(Use.BYPASS);
    assertThat(cache.judge(ask("POST", null), NOTHING)).isEqualTo(Use.METHOD);
  }

  @Test
  void onlyIfCachedNeverAsksGitHub() { // RFC 9111 5.2.1.7
    UpstreamRequest ask = ask("GET", "Cache-Control: only-if-cached");
    assertThat(cache.judge(ask, stored("max-age=60", 30))).isEqualTo(Use.FRESH);
    for (Found found : new Found[] {stored("max-age=60", 90), MISS, NOTHING}) {
      assertThat(catchThrowableOfType(Problem.class, () -> cache.judge(ask, found)))
          .returns(504, Problem::status);
    }
  }

  @Test
  void validationReplacesConditionsOfClient() { // RFC 9111 4.3.1
    UpstreamRequest ask = ask("GET", "If-None-Match: \"b\"; Range: bytes=0-1; X: 1");
    HttpFields sent = cache.request(ask, stored("max-age=60", 90), Use.STALE).fields();
    assertThat(sent.all()).isEqualTo(fields("X: 1; If-None-Match: \"a\"").all());
    assertThat(cache.request(ask, MISS, Use.MISS)).isSameAs(ask);
  }

  @Test
  void notModifiedMakesStoredResponseFresh() throws IOException { // RFC 9111 4.3.3
    Found found = found(stored("max-age=60", 90).response(), "new");
    Answer answer = merge(ask("GET", null), found, Use.STALE, answered(304, "X: 1"), 0);
    assertThat(answer.isKept()).isTrue();
    assertThat(answer.response().content()).isEqualTo(found.response().content());
    assertThat(answer.response().version()).isEqualTo(found.version());
    assertThat(cache.judge(ask("GET", null), found(answer.response(), "new"))).isEqualTo(Use.FRESH);
    UpstreamResponse noStore = answered(304, "Cache-Control: no-store");
    assertThat(merge(ask("GET", null), found, Use.STALE, noStore, 0).isKept()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "500, max-age=60, STALE, mark, STOOD_IN",
    "503, max-age=60, REQUESTED, mark, STOOD_IN",
    "429, max-age=60, STALE, mark, STOOD_IN",
    "500, 'max-age=60, stale-if-error=10', STALE, mark, PASSED", // RFC 5861 4
    "500, 'max-age=60, must-revalidate', STALE, mark, PASSED", // RFC 9111 4.2.4
    "500, max-age=60, STALE, other, PASSED" // GitHub has announced a change
  })
  void staleResponseStandsInForFailure(int status, String stored, Use use, String mark, Kind kind)
      throws IOException {
    Found found = found(stored(stored, 90).response(), mark);
    UpstreamResponse failure = answered(status, null);
    assertThat(merge(ask("GET", null), found, use, failure, 1).kind()).isEqualTo(kind);
    IOException broken = new ConnectException();
    assertThat(catchThrowable(() -> cache.standIn(ask("GET", null), found, use, broken)))
        .isSameAs(kind == Kind.STOOD_IN ? null : broken);
  }

  @ParameterizedTest
  @CsvSource({
    "GET, , 200, X: 1, true",
    "GET, , 202, ETag: \"a\", false",
    "GET, , 304, X: 1, false", // to a condition of the client
    "GET, , 404, X: 1, false",
    "HEAD, , 200, X: 1, false",
    "GET, , 200, Vary: *, false",
    "GET, , 200, Cache-Control: private, false",
    "GET, Authorization: a, 200, Cache-Control: private, true",
    "GET, Cookie: a, 200, X: 1, false",
    "GET, Cookie: a; Authorization: a, 200, X: 1, true",
    "GET, , 301, Location: /b, true",
    "GET, , 301, Location: https://other.example/, false",
    "GET, , 200, Location: https://other.example/, true"
  })
  void answerIsKept(String method, String asked, int status, String fields, boolean isKept)
      throws IOException {
    UpstreamResponse answered = answered(status, "Cache-Control: max-age=60; " + fields);
    Answer answer = merge(ask(method, asked), MISS, Use.MISS, answered, 1);
    assertThat(answer.isKept()).isEqualTo(isKept);
    assertThat(answer.passed()).isSameAs(isKept ? null : answered);
    assertThat(merge(ask(method, asked), NOTHING, Use.BYPASS, answered, 1).isKept()).isFalse();
  }

  @Test
  void contentThatIsKnownToBeTooLargeIsNotRead() throws IOException {
    UpstreamResponse answered = answered(200, "Cache-Control: max-age=60; Content-Length: 100001");
    InputStream unread = new ByteArrayInputStream(content(9));
    Answer answer = cache.merge(null, ask("GET", null), MISS, Use.MISS, answered, unread);
    assertThat(answer.content()).isSameAs(unread);
    assertThat(unread.available()).isEqualTo(9);
  }

  @Test
  void notModifiedThatVariesByAnythingIsNotKept() throws IOException { // RFC 9111 4.1
    Found found = found(stored("max-age=60", 90).response(), "mark");
    UpstreamResponse answered = answered(304, "Vary: *");
    assertThat(merge(ask("GET", null), found, Use.STALE, answered, 0).isKept()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"0, true", "65535, true", "65536, true", "100000, true", "100001, false"})
  void tooLargeContentPassesWhole(int length, boolean isKept) throws IOException {
    for (String fields : new String[] {"X: 1", "Content-Length: " + length}) {
      UpstreamResponse answered = answered(200, "Cache-Control: max-age=60; " + fields);
      Answer answer = merge(ask("GET", null), MISS, Use.MISS, answered, length);
      assertThat(answer.isKept()).isEqualTo(isKept);
      assertThat(isKept ? answer.response().content() : answer.content().readAllBytes())
          .isEqualTo(content(length));
    }
  }

  @ParameterizedTest
  @CsvSource({"200, true", "404, true", "202, false", "500, false", "429, false"})
  void otherAnswerMakesStoredResponseObsolete(int status, boolean isObsolete) {
    Answer passed = Answer.passed(answered(status, null), null);
    assertThat(cache.isObsolete(Use.STALE, passed)).isEqualTo(isObsolete);
    assertThat(cache.isObsolete(Use.MISS, passed)).isFalse();
    StoredResponse response = stored("max-age=60", 90).response();
    assertThat(cache.isObsolete(Use.STALE, Answer.fresh(response, true))).isFalse();
    assertThat(cache.isObsolete(Use.STALE, Answer.fresh(response, false))).isTrue();
    assertThat(cache.isObsolete(Use.STALE, Answer.stoodIn(response))).isFalse();
  }
}
