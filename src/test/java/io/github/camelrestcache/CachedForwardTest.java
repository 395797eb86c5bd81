package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.camelrestcache.base.HttpDates;
import io.github.camelrestcache.standin.Recorded;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The HTTP cache for forwarded requests. In these tests a response is stale from the start if its
 * Age is above its max-age.
 */
class CachedForwardTest extends CachedForwards {
  @Test
  void freshResponseIsFetchedOnceAndServedUnchanged() throws Exception {
    upstreamAnswers(
        Answer.of(
            200,
            "one",
            "Cache-Control",
            "public, max-age=60, s-maxage=60",
            "Expires",
            "0",
            "Content-Type",
            "text/plain; charset=nonsense",
            "ETag",
            "W/\"a\"",
            "X-Some",
            "1",
            "X-Some",
            "2"));

    HttpResponse<String> first = service.get("/x/fresh");
    HttpResponse<String> second = service.get("/x/fresh");

    assertThat(asked()).hasSize(1);
    assertThat(status(first)).isEqualTo("fwd=uri-miss; fwd-status=200; stored");
    assertThat(status(second)).matches("hit; ttl=(60|59|58)");
    assertThat(field(second, "Age")).matches("[012]");
    assertThat(second.body()).isEqualTo("one");
    for (String name :
        List.of("Cache-Control", "Expires", "Date", "Content-Type", "ETag", "X-Some")) {
      assertThat(field(second, name)).as(name).isEqualTo(field(first, name)).isNotEmpty();
    }
    assertThat(field(second, "Content-Length")).isEqualTo("3");
  }

  @Test
  void answerWithoutAgeIsNewWhateverItsDate() throws Exception {
    String date = HttpDates.format(Instant.now().minusSeconds(300));
    upstreamAnswers(Answer.fresh("one", "Date", date));

    service.get("/x/dated");
    HttpResponse<String> second = service.get("/x/dated");

    assertThat(field(second, "Date")).isEqualTo(date);
    assertThat(field(second, "Age")).matches("[012]");
    assertThat(status(second)).matches("hit; ttl=(60|59|58)");
  }

  @Test
  void headIsServedFromStoredGetAndIsNotStored() throws Exception {
    upstreamAnswers(Answer.fresh("one", "ETag", "\"a\""));

    service.send("HEAD", "/x/head");
    service.get("/x/head");
    HttpResponse<String> head = service.send("HEAD", "/x/head");

    assertThat(asked()).extracting(Recorded::method).containsExactly("HEAD", "GET");
    assertThat(head.body()).isEmpty();
    assertThat(field(head, "Content-Length")).isEqualTo("3");
    assertThat(status(head)).startsWith("hit");
  }

  @Test
  void varySeparatesResponses() throws Exception {
    upstreamAnswers(
        Answer.fresh("json", "Vary", "Accept, Authorization, Cookie", "Vary", "Accept-Encoding"),
        Answer.fresh("raw", "Vary", "Accept, Authorization, Cookie", "Vary", "Accept-Encoding"));

    for (int i = 0; i < 2; i++) {
      assertThat(service.get("/x/v", "Accept", "application/json").body()).isEqualTo("json");
      assertThat(service.get("/x/v", "Accept", "text/html").body()).isEqualTo("raw");
    }
    assertThat(asked()).hasSize(2);
  }

  @Test
  void apiVersionSeparatesResponsesWithoutVary() throws Exception {
    upstreamAnswers(Answer.fresh("old"), Answer.fresh("new"));

    for (int i = 0; i < 2; i++) {
      assertThat(service.get("/x/v", "X-GitHub-Api-Version", "2022-11-28").body()).isEqualTo("old");
      assertThat(service.get("/x/v", "X-GitHub-Api-Version", "2026-03-10").body()).isEqualTo("new");
    }
    assertThat(asked()).hasSize(2);
  }

  @Test
  void unparsableTargetsAreCachedVerbatim() throws Exception {
    upstreamAnswers(Answer.fresh("a"), Answer.fresh("b"), Answer.fresh("c"));
    for (int i = 0; i < 2; i++) {
      for (String target : List.of("/x/%7B?q={a}|b", "/x/{?q={a}|b", "/x//./%7B")) {
        assertThat(RawHttp.request(service.port(), "GET " + target + " HTTP/1.1", "Host: x"))
            .startsWith("HTTP/1.1 200");
      }
    }
    assertThat(asked())
        .extracting(Recorded::target)
        .containsExactly("/x/%7B?q={a}|b", "/x/{?q={a}|b", "/x//./%7B");
  }

  @ParameterizedTest
  @CsvSource({"401", "403", "404", "202", "206"})
  void errorsAndPartialResponsesAreNotStored(int status) throws Exception {
    upstreamAnswers(
        Answer.of(status, "one", "Cache-Control", "private, max-age=60", "ETag", "\"a\""));
    service.get("/x/s");
    assertThat(status(service.get("/x/s"))).isEqualTo("fwd=uri-miss; fwd-status=" + status);
    assertThat(asked()).hasSize(2);
  }

  @Test
  void onlyRedirectsWithinGitHubAreStored() throws Exception {
    upstreamAnswers(
        Answer.of(
            302, "", "Cache-Control", "max-age=60", "Location", "https://codeload.example/z"));
    service.get("/x/archive");
    service.get("/x/archive");
    assertThat(asked()).hasSize(2);

    upstreamAnswers(
        Answer.of(301, "", "Cache-Control", "max-age=60", "Location", github.url() + "/x/new"));
    service.get("/x/old");
    assertThat(service.get("/x/old").statusCode()).isEqualTo(301);
    assertThat(asked()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"no-store", "no-store, max-age=60", "private, max-age=60"})
  void sharedCacheObeysNoStoreAndPrivate(String directives) throws Exception {
    upstreamAnswers(Answer.of(200, "one", "Cache-Control", directives, "ETag", "\"a\""));
    service.get("/x/p");
    service.get("/x/p");
    assertThat(asked()).hasSize(2);
  }

  @Test
  void privateResponsesAreStoredPerCredential() throws Exception {
    upstreamAnswers(Answer.of(200, "one", "Cache-Control", "private, max-age=60, s-maxage=60"));
    service.get("/x/p", "Authorization", "Bearer mine");
    HttpResponse<String> second = service.get("/x/p", "Authorization", "Bearer mine");
    assertThat(asked()).hasSize(1);
    assertThat(field(second, "Cache-Control")).isEqualTo("private, max-age=60, s-maxage=60");
  }

  @Test
  void requestWithNoStoreIsNotStored() throws Exception {
    upstreamAnswers(Answer.fresh("one"));
    assertThat(status(service.get("/x/n", "Cache-Control", "no-store")))
        .isEqualTo("fwd=bypass; fwd-status=200");
    service.get("/x/n");
    assertThat(asked()).hasSize(2);
  }

  @Test
  void forwardMaxAgeLimitsTheAgeOfHits() throws Exception {
    try (Service young = Service.start(github, Map.of("forward.max.age", "30s"))) {
      upstreamAnswers(
          Answer.fresh("one", "ETag", "\"a\"", "Age", "10"),
          Answer.fresh("two", "ETag", "\"b\"", "Age", "40"),
          Answer.of(304, "", "ETag", "\"b\"", "Cache-Control", "max-age=60"));
      young.get("/x/young");
      assertThat(status(young.get("/x/young"))).matches("hit; ttl=(20|1\\d)");
      young.get("/x/old");
      assertThat(status(young.get("/x/old"))).isEqualTo("fwd=stale; fwd-status=304");
    }
  }

  @Test
  void spellingsOfOneCredentialShareAnswers() throws Exception {
    upstreamAnswers(Answer.fresh("one"));
    for (String own : List.of("token abc", "Bearer abc", "bearer abc")) {
      assertThat(service.get("/x/spelled", "Authorization", own).body()).isEqualTo("one");
    }
    assertThat(asked()).hasSize(1);
    service.get("/x/spelled", "Authorization", "Basic abc");
    service.get("/x/spelled", "Authorization", "abc");
    assertThat(asked()).hasSize(3);
  }

  @Test
  void hitHasLatestLimitOfItsCredentialAndResource() throws Exception {
    upstreamAnswers(
        Answer.fresh("one", "x-ratelimit-resource", "core", "x-ratelimit-remaining", "59"),
        Answer.fresh("two", "x-ratelimit-resource", "core", "x-ratelimit-remaining", "42"),
        Answer.fresh("three", "x-ratelimit-resource", "search", "x-ratelimit-remaining", "9"),
        Answer.fresh("four", "x-ratelimit-resource", "core", "x-ratelimit-remaining", "4999"));
    service.get("/x/1");
    service.get("/x/2");
    service.get("/x/3");
    service.get("/x/1", "Authorization", "Bearer other");
    assertThat(asked()).hasSize(4);
    assertThat(field(service.get("/x/1"), "x-ratelimit-remaining")).isEqualTo("42");
    assertThat(field(service.get("/x/1"), "x-ratelimit-resource")).isEqualTo("core");
    assertThat(field(service.get("/x/3"), "x-ratelimit-remaining")).isEqualTo("9");
    HttpResponse<String> others = service.get("/x/1", "Authorization", "Bearer other");
    assertThat(field(others, "x-ratelimit-remaining")).isEqualTo("4999");
    assertThat(asked()).hasSize(4);
  }

  @Test
  void apiVersionNamedNullIsItsOwnVersion() throws Exception {
    upstreamAnswers(Answer.of(400, "no", "Cache-Control", "max-age=60"), Answer.fresh("one"));
    service.get("/x/n", "X-GitHub-Api-Version", "null");
    assertThat(service.get("/x/n").body()).isEqualTo("one");
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "-1", "1.5", ""})
  void invalidAgeCountsAsZero(String age) throws Exception {
    upstreamAnswers(Answer.fresh("one", "Age", age));
    service.get("/x/a");
    HttpResponse<String> hit = service.get("/x/a");
    assertThat(status(hit)).matches("hit; ttl=(60|59|58)");
    assertThat(field(hit, "Age")).matches("[012]");
  }

  @Test
  void missingDateIsAdded() throws Exception {
    upstreamAnswers(Answer.fresh("one"), Answer.of(200, "one", "Cache-Control", "no-store"));
    for (String path : List.of("/x/stored", "/x/passed")) {
      assertThat(HttpDates.parse(field(service.get(path), "Date")))
          .isCloseTo(Instant.now(), within(5, ChronoUnit.SECONDS));
    }
  }

  @Test
  void responseToRequestWithCookieIsNotStored() throws Exception {
    upstreamAnswers(Answer.fresh("for alice"), Answer.fresh("for all"));
    service.get("/x/c", "Cookie", "user_session=alice");
    assertThat(service.get("/x/c").body()).isEqualTo("for all");
    assertThat(service.get("/x/c").body()).isEqualTo("for all");
    assertThat(asked()).hasSize(2);
  }

  @Test
  void anyContentTypeIsForwarded() throws Exception {
    upstreamAnswers(Answer.fresh("one", "Content-Type", "application/x-java-serialized-object"));
    assertThat(service.get("/x/j").body()).isEqualTo("one");
  }

  @Test
  void bytesAfterResponseAreNotReadAsTheNext() throws Exception {
    String tooLong = "oneHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    AtomicInteger next = new AtomicInteger();
    upstream =
        github.override(
            asked -> asked.path().startsWith("/x"),
            (asked, request) -> {
              if (next.getAndIncrement() == 0) {
                request.response().putHeader("Content-Length", "3").write(tooLong);
                request.response().end();
              } else {
                request.response().end("right");
              }
            });
    assertThat(service.get("/x/long").body()).isEqualTo("one");
    for (int i = 0; i < 5; i++) {
      assertThat(service.get("/x/next/" + i, "Authorization", "Bearer other").body())
          .isEqualTo("right");
    }
  }
}
