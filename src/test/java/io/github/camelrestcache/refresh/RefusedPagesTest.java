package io.github.camelrestcache.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.base.HttpFields;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.apache.hc.client5.http.utils.DateUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Redirects, failures and the waits that GitHub asks for. */
class RefusedPagesTest extends PagesOfList {
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
}
