package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.base.HttpDates;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.Recorded;
import io.vertx.core.http.HttpServerRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManager;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.data.redis.core.RedisCallback;
import redis.clients.jedis.Jedis;

/**
 * The HTTP cache for forwarded requests. In these tests a response is stale from the start if its
 * Age is above its max-age.
 */
class CachedForwardTest {

  /** A response of the upstream below /x; with an ETag it honours If-None-Match. */
  private record Answer(int status, String body, List<String> fields) {

    static Answer of(int status, String body, String... fields) {
      return new Answer(status, body, List.of(fields));
    }

    static Answer fresh(String body, String... fields) {
      return of(200, body, fields).with("Cache-Control", "max-age=60");
    }

    static Answer stale(String body, String... fields) {
      return fresh(body, fields).with("Age", "100");
    }

    static Answer cut() {
      return of(0, "");
    }

    Answer with(String name, String value) {
      List<String> more = new java.util.ArrayList<>(fields);
      more.add(name);
      more.add(value);
      return new Answer(status, body, more);
    }

    void give(Recorded asked, HttpServerRequest request) {
      if (status == 0) {
        request.connection().close();
        return;
      }
      boolean unchanged = false;
      for (int i = 0; i < fields.size(); i += 2) {
        request.response().headers().add(fields.get(i), fields.get(i + 1));
        unchanged |=
            fields.get(i).equals("ETag") && fields.get(i + 1).equals(asked.header("If-None-Match"));
      }
      if (unchanged) {
        request.response().setStatusCode(304).end();
      } else {
        request.response().setStatusCode(status);
        request.response().end(asked.method().equals("HEAD") ? "" : body);
      }
    }
  }

  private static final String TOKEN = "the-services-token";

  private static GitHubStandIn github;

  /** Without a service token, so that it is a shared cache. */
  private static Service service;

  private AutoCloseable upstream = () -> {};

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.addToken(TOKEN, "the-service");
    service =
        Service.start(
                github, Map.of("github.answer.timeout", "3s", "forward.cache.max.entry", "100KB"))
            .ready();
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  @BeforeEach
  void forget() {
    Stored.forgetForwarded(service);
    github.clearRequests();
  }

  @AfterEach
  void restoreUpstream() throws Exception {
    upstream.close();
  }

  private static boolean isOurs(Recorded asked) {
    return asked.path().toLowerCase(Locale.ROOT).matches("/(x|repos/x|repositories/42).*");
  }

  /** Responds to requests below these paths in this order; the last response is repeated. */
  private void upstreamAnswers(Answer... inTurn) throws Exception {
    upstream.close();
    AtomicInteger next = new AtomicInteger();
    upstream =
        github.override(
            CachedForwardTest::isOurs,
            (asked, request) ->
                inTurn[Math.min(next.getAndIncrement(), inTurn.length - 1)].give(asked, request));
    github.clearRequests();
  }

  private static List<Recorded> asked() {
    return github.requests().stream().filter(CachedForwardTest::isOurs).toList();
  }

  private static String status(HttpResponse<?> answer) {
    assertThat(answer.headers().allValues("Cache-Status")).hasSize(1);
    return answer.headers().firstValue("Cache-Status").get().replace("camel-rest-cache; ", "");
  }

  private static String field(HttpResponse<?> answer, String name) {
    return String.join(" | ", answer.headers().allValues(name));
  }

  // fresh

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

  // responses that are not stored

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
  void privateResponsesUnderServiceTokenAreStored() throws Exception {
    upstreamAnswers(Answer.of(200, "one", "Cache-Control", "private, max-age=60"));
    try (Service lending = Service.start(github, Map.of("github.api.token", TOKEN))) {
      lending.get("/x/p");
      lending.get("/x/p");
      assertThat(asked()).hasSize(1);
    }
  }

  @Test
  void oversizedResponseIsNotStored() throws Exception {
    String large = "x".repeat(101 * 1024);
    upstreamAnswers(Answer.fresh(large), Answer.fresh(large, "Transfer-Encoding", "chunked"));
    for (int i = 1; i < 5; i++) {
      assertThat(service.get("/x/large").body()).isEqualTo(large);
      assertThat(asked()).hasSize(i);
    }
  }

  @Test
  void requestWithNoStoreIsNotStored() throws Exception {
    upstreamAnswers(Answer.fresh("one"));
    assertThat(status(service.get("/x/n", "Cache-Control", "no-store")))
        .isEqualTo("fwd=bypass; fwd-status=200");
    service.get("/x/n");
    assertThat(asked()).hasSize(2);
  }

  // stale

  @Test
  void revalidationWith304UpdatesHeaders() throws Exception {
    upstreamAnswers(
        Answer.stale("one", "ETag", "W/\"a\"", "X-Test", "old", "X-Only", "stored"),
        Answer.fresh("never sent", "ETag", "W/\"a\"", "X-Test", "new"));
    service.get("/x/stale");

    HttpResponse<String> second = service.get("/x/stale");

    assertThat(asked().get(1).headers("If-None-Match")).containsExactly("W/\"a\"");
    assertThat(second.statusCode()).isEqualTo(200);
    assertThat(second.body()).isEqualTo("one");
    assertThat(field(second, "X-Test")).isEqualTo("new");
    assertThat(field(second, "X-Only")).isEqualTo("stored");
    assertThat(status(second)).isEqualTo("fwd=stale; fwd-status=304");
    assertThat(status(service.get("/x/stale"))).startsWith("hit");
    assertThat(asked()).hasSize(2);
  }

  @Test
  void responseWithoutETagIsRevalidatedByLastModified() throws Exception {
    String date = "Tue, 24 Nov 2020 00:00:00 GMT";
    upstreamAnswers(Answer.stale("one", "Last-Modified", date), Answer.of(304, ""));
    service.get("/x/dated");
    assertThat(service.get("/x/dated").body()).isEqualTo("one");
    assertThat(asked().get(1).headers("If-Modified-Since")).containsExactly(date);
    assertThat(status(service.get("/x/dated")))
        .as("the freshness lifetime is unchanged")
        .startsWith("hit");
  }

  @Test
  void changedResponseReplacesStoredOne() throws Exception {
    upstreamAnswers(Answer.stale("one", "ETag", "\"a\""), Answer.fresh("two", "ETag", "\"b\""));
    service.get("/x/c");
    HttpResponse<String> second = service.get("/x/c");
    assertThat(second.body()).isEqualTo("two");
    assertThat(status(second)).isEqualTo("fwd=stale; fwd-status=200; stored");
    assertThat(service.get("/x/c").body()).isEqualTo("two");
    assertThat(asked()).hasSize(2);
  }

  @Test
  void requestWithNoCacheRevalidatesFreshResponse() throws Exception {
    upstreamAnswers(Answer.fresh("one", "ETag", "\"a\""));
    service.get("/x/n");
    for (String name : List.of("Cache-Control", "Pragma")) {
      HttpResponse<String> answer = service.get("/x/n", name, "no-cache");
      assertThat(answer.body()).isEqualTo("one");
      assertThat(status(answer)).isEqualTo("fwd=request; fwd-status=304");
    }
    assertThat(asked()).hasSize(3);
  }

  @ParameterizedTest
  @ValueSource(ints = {500, 502, 503, 504, 429, 403, 0})
  void staleResponseIsServedOnGitHubFailure(int failure) throws Exception {
    Answer failing =
        failure == 0 ? Answer.cut() : Answer.of(failure, "no", "x-ratelimit-remaining", "0");
    upstreamAnswers(Answer.stale("one", "ETag", "\"a\""), failing);
    // a limit lasts for its credential, so each case needs another
    String somebody = "Bearer " + UUID.randomUUID();
    service.get("/x/failing", "Authorization", somebody);

    HttpResponse<String> answer = service.get("/x/failing", "Authorization", somebody);

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("one");
    assertThat(status(answer))
        .isEqualTo(
            failure == 0
                ? "fwd=stale; detail=stale-if-error"
                : "fwd=stale; fwd-status=" + failure + "; detail=stale-if-error");
    assertThat(Integer.parseInt(field(answer, "Age"))).isBetween(100, 110);
    assertThat(asked()).hasSize(2);
  }

  @Test
  void secondaryLimitIsDetectedByItsMessage() throws Exception {
    String message = "{\"message\":\"You have exceeded a secondary rate limit.\"}";
    upstreamAnswers(
        Answer.stale("one", "ETag", "\"a\""),
        Answer.of(403, message, "x-ratelimit-remaining", "4000"));
    String somebody = "Bearer " + UUID.randomUUID();
    service.get("/x/limited", "Authorization", somebody);
    assertThat(service.get("/x/limited", "Authorization", somebody).body()).isEqualTo("one");
  }

  @Test
  void status403WithoutLimitIsNotServedStale() throws Exception {
    upstreamAnswers(Answer.stale("one", "ETag", "\"a\""), Answer.of(403, "blocked"));
    service.get("/x/f");
    HttpResponse<String> answer = service.get("/x/f");
    assertThat(answer.statusCode()).isEqualTo(403);
    assertThat(answer.body()).isEqualTo("blocked");
  }

  @Test
  void responseBeyondStaleIfErrorIsNotServed() throws Exception {
    upstreamAnswers(
        Answer.stale("one", "ETag", "\"a\""),
        Answer.of(503, "no"),
        Answer.cut(),
        Answer.of(429, "no"));
    try (Service strict = Service.start(github, Map.of("stale.if.error", "30s"))) {
      strict.get("/x/old");
      HttpResponse<String> unavailable = strict.get("/x/old");
      assertThat(unavailable.statusCode()).isEqualTo(503);
      assertThat(unavailable.body()).isEqualTo("no");
      assertThat(strict.get("/x/old").statusCode()).isEqualTo(502);
      assertThat(strict.get("/x/old").statusCode()).isEqualTo(429);
    }
  }

  @Test
  void mustRevalidateIsNeverServedStale() throws Exception {
    Answer must = Answer.stale("one", "Cache-Control", "must-revalidate", "ETag", "\"a\"");
    upstreamAnswers(must, Answer.of(503, "no"), Answer.cut());
    service.get("/x/must");
    assertThat(service.get("/x/must").statusCode()).isEqualTo(503);
    assertThat(service.get("/x/must").statusCode()).isEqualTo(502);
  }

  @Test
  void staleWhileRevalidateIsHonoured() throws Exception {
    upstreamAnswers(
        Answer.stale("one", "Cache-Control", "stale-while-revalidate=90", "ETag", "\"a\""),
        Answer.fresh("two", "ETag", "\"b\""));
    service.get("/x/swr");

    HttpResponse<String> second = service.get("/x/swr");

    assertThat(second.body()).isEqualTo("one");
    assertThat(status(second)).matches("hit; ttl=-4\\d; detail=stale-while-revalidate");
    await().until(() -> service.get("/x/swr").body().equals("two"));
    assertThat(asked()).hasSize(2);
    assertThat(asked().get(1).header("If-None-Match")).isEqualTo("\"a\"");
  }

  @Test
  void onlyIfCachedIs504OnMissAndServedOnHit() throws Exception {
    upstreamAnswers(Answer.fresh("one"));
    HttpResponse<String> miss = service.get("/x/o", "Cache-Control", "only-if-cached");
    assertThat(miss.statusCode()).isEqualTo(504);
    assertThat(miss.body()).contains("only-if-cached");
    assertThat(asked()).isEmpty();
    service.get("/x/o");
    HttpResponse<String> hit = service.get("/x/o", "Cache-Control", "only-if-cached");
    assertThat(hit.body()).isEqualTo("one");
    assertThat(asked()).hasSize(1);
  }

  // conditional and range requests of clients

  @Test
  void conditionalRequestIsAnsweredFromFreshResponse() throws Exception {
    upstreamAnswers(
        Answer.fresh("one", "ETag", "W/\"a\"", "Last-Modified", "Tue, 24 Nov 2020 00:00:00 GMT"));
    service.get("/x/c");
    for (String tag : List.of("\"a\"", "W/\"a\"", "\"z\", W/\"a\"", "*")) {
      HttpResponse<String> answer = service.get("/x/c", "If-None-Match", tag);
      assertThat(answer.statusCode()).as(tag).isEqualTo(304);
      assertThat(answer.body()).isEmpty();
      assertThat(field(answer, "ETag")).isEqualTo("W/\"a\"");
      assertThat(field(answer, "Cache-Control")).isEqualTo("max-age=60");
      assertThat(answer.headers().firstValue("Content-Type")).isEmpty();
    }
    HttpResponse<String> other =
        service.get(
            "/x/c", "If-None-Match", "\"z\"", "If-Modified-Since", "Tue, 24 Nov 2020 00:00:00 GMT");
    assertThat(other.statusCode()).isEqualTo(200);
    assertThat(other.body()).isEqualTo("one");
    assertThat(
            service.get("/x/c", "If-Modified-Since", "Tue, 24 Nov 2020 00:00:00 GMT").statusCode())
        .isEqualTo(304);
    assertThat(
            service.get("/x/c", "If-Modified-Since", "Mon, 23 Nov 2020 00:00:00 GMT").statusCode())
        .isEqualTo(200);
    assertThat(asked()).hasSize(1);
  }

  @Test
  void conditionalRequestIsForwardedOnMiss() throws Exception {
    upstreamAnswers(Answer.fresh("one", "ETag", "\"a\""));
    HttpResponse<String> answer = service.get("/x/c", "If-None-Match", "\"a\"");
    assertThat(answer.statusCode()).isEqualTo(304);
    assertThat(asked().get(0).header("If-None-Match")).isEqualTo("\"a\"");
    assertThat(status(answer)).isEqualTo("fwd=uri-miss; fwd-status=304");
    assertThat(service.get("/x/c").body()).isEqualTo("one");
  }

  @Test
  void revalidationUsesStoredValidatorNotTheClients() throws Exception {
    upstreamAnswers(Answer.stale("one", "ETag", "\"a\""));
    service.get("/x/c");
    HttpResponse<String> answer = service.get("/x/c", "If-None-Match", "\"z\"");
    assertThat(asked().get(1).headers("If-None-Match")).containsExactly("\"a\"");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("one");
    assertThat(service.get("/x/c", "If-None-Match", "\"a\"").statusCode()).isEqualTo(304);
  }

  @Test
  void staleResponseWithoutValidatorIsRefetched() throws Exception {
    upstreamAnswers(Answer.stale("one"), Answer.fresh("two", "ETag", "\"a\""));
    service.get("/x/c");
    HttpResponse<String> answer = service.get("/x/c", "If-None-Match", "\"a\"");
    assertThat(asked().get(1).header("If-None-Match")).isNull();
    assertThat(answer.statusCode()).isEqualTo(304);
    assertThat(service.get("/x/c").body()).isEqualTo("two");
  }

  @Test
  void headRevalidatesStoredGet() throws Exception {
    upstreamAnswers(Answer.stale("one", "ETag", "\"a\""), Answer.fresh("", "ETag", "\"a\""));
    service.get("/x/h");
    HttpResponse<String> head = service.send("HEAD", "/x/h");
    assertThat(status(head)).isEqualTo("fwd=stale; fwd-status=304");
    assertThat(field(head, "Content-Length")).isEqualTo("3");
    assertThat(service.get("/x/h").body()).isEqualTo("one");
    assertThat(asked()).extracting(Recorded::method).containsExactly("GET", "HEAD");
  }

  @ParameterizedTest
  @CsvSource({
    "bytes=0-1, 206, 01, bytes 0-1/10",
    "bytes=8-, 206, 89, bytes 8-9/10",
    "bytes=-3, 206, 789, bytes 7-9/10",
    "bytes=8-99, 206, 89, bytes 8-9/10",
    "bytes=10-, 416, , bytes */10",
    "bytes=3-2, 200, 0123456789, ",
    "'bytes=0-1,3-4', 200, 0123456789, ",
    "lines=1-2, 200, 0123456789, "
  })
  void rangeIsServedFromStoredResponse(String range, int status, String body, String contentRange)
      throws Exception {
    upstreamAnswers(Answer.fresh("0123456789", "ETag", "\"a\""));
    service.get("/x/range");
    HttpResponse<String> answer = service.get("/x/range", "Range", range);
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.body()).isEqualTo(body == null ? "" : body);
    assertThat(field(answer, "Content-Range")).isEqualTo(contentRange == null ? "" : contentRange);
    assertThat(asked()).hasSize(1);
  }

  @Test
  void ifRangeMismatchIs200AndRangeIsForwardedOnMiss() throws Exception {
    upstreamAnswers(
        Answer.of(206, "12", "Content-Range", "bytes 1-2/10", "Cache-Control", "max-age=60"),
        Answer.fresh("0123456789", "ETag", "\"a\""));
    assertThat(service.get("/x/range", "Range", "bytes=1-2").statusCode()).isEqualTo(206);
    assertThat(asked().get(0).header("Range")).isEqualTo("bytes=1-2");
    assertThat(service.get("/x/range").body()).isEqualTo("0123456789");
    assertThat(service.get("/x/range", "Range", "bytes=1-2", "If-Range", "\"a\"").body())
        .isEqualTo("12");
    assertThat(service.get("/x/range", "Range", "bytes=1-2", "If-Range", "\"b\"").body())
        .isEqualTo("0123456789");
  }

  // writes

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PATCH", "PUT", "DELETE", "M-SEARCH"})
  void writeInvalidatesPathForAllQueriesAndCallers(String method) throws Exception {
    upstreamAnswers(Answer.fresh("one"));
    String[][] callers = {{}, {"Authorization", "Bearer a"}, {"Authorization", "Bearer b"}};
    for (String[] caller : callers) {
      service.get("/x/R/issues?per_page=100", caller);
      service.get("/x/R/issues", caller);
      service.get("/x/other/issues/1", caller);
    }
    github.clearRequests();

    assertThat(service.send(method, "/x/r/issues?a=b", "Authorization", "Bearer a").statusCode())
        .isEqualTo(200);

    for (String[] caller : callers) {
      assertThat(status(service.get("/x/R/issues?per_page=100", caller))).startsWith("fwd");
      assertThat(status(service.get("/x/R/issues", caller))).startsWith("fwd");
      assertThat(status(service.get("/x/other/issues/1", caller))).startsWith("hit");
    }
  }

  @Test
  void writeInvalidatesItsLocationsOnSameOrigin() throws Exception {
    upstreamAnswers(Answer.fresh("one"));
    for (String path : List.of("/x/a", "/x/b", "/x/c")) {
      service.get(path);
    }
    upstreamAnswers(
        Answer.of(201, "", "Location", github.url() + "/x/a?q", "Content-Location", "b"),
        Answer.of(201, "", "Location", "http://elsewhere.example/x/c"),
        Answer.fresh("two"));
    service.send("POST", "/x/new");
    service.send("POST", "/x/new");
    assertThat(service.get("/x/a").body()).isEqualTo("two");
    assertThat(service.get("/x/b").body()).isEqualTo("two");
    assertThat(service.get("/x/c").body()).isEqualTo("one");
  }

  @Test
  void writeInvalidatesItsScope() throws Exception {
    upstreamAnswers(Answer.fresh("one"));
    List<String> within = List.of("/x/r", "/x/r/issues?state=open", "/x/r/issues/6", "/x");
    List<String> beside = List.of("/x/other", "/x/r2/issues");
    within.forEach(service::get);
    beside.forEach(service::get);
    service.send("POST", "/x/r/issues/5/comments/");
    assertThat(within).allMatch(target -> status(service.get(target)).startsWith("fwd"));
    assertThat(beside).allMatch(target -> status(service.get(target)).startsWith("hit"));
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
  void acceptedDoesNotRemoveWhatMayStandIn() throws Exception {
    upstreamAnswers(
        Answer.of(200, "old", "Cache-Control", "max-age=60", "Age", "100", "ETag", "\"a\""),
        Answer.of(202, "{}"),
        Answer.of(503, "no"));
    service.get("/x/stats");
    assertThat(service.get("/x/stats").statusCode()).isEqualTo(202);

    HttpResponse<String> answer = service.get("/x/stats");

    assertThat(answer.body()).isEqualTo("old");
    assertThat(status(answer)).isEqualTo("fwd=stale; fwd-status=503; detail=stale-if-error");
  }

  @Test
  void readAfterWriteIsConditional() throws Exception {
    upstreamAnswers(
        Answer.fresh("one", "ETag", "\"a\""),
        Answer.of(201, "{}"),
        Answer.of(304, "", "ETag", "\"a\"", "Cache-Control", "max-age=60"));
    service.get("/repos/x/r", "Authorization", "Bearer a");
    service.send("POST", "/repos/x/r/issues/1/comments", "Authorization", "Bearer a");

    HttpResponse<String> answer = service.get("/repos/x/r", "Authorization", "Bearer a");

    assertThat(status(answer)).isEqualTo("fwd=stale; fwd-status=304");
    assertThat(answer.body()).isEqualTo("one");
    assertThat(asked().get(2).header("If-None-Match")).isEqualTo("\"a\"");
    assertThat(status(service.get("/repos/x/r", "Authorization", "Bearer a"))).startsWith("hit");
  }

  @Test
  void validationWithoutDirectivesKeepsThoseThatAreStored() throws Exception {
    upstreamAnswers(
        Answer.fresh("one", "ETag", "\"a\""),
        Answer.of(201, "{}"),
        Answer.of(304, "", "ETag", "\"a\""));
    service.get("/x/kept");
    service.send("POST", "/x/kept");
    assertThat(status(service.get("/x/kept"))).isEqualTo("fwd=stale; fwd-status=304");

    assertThat(status(service.get("/x/kept"))).startsWith("hit");
  }

  @Test
  void readsThatGitHubDoesNotSeeLeaveNothingInRedis() throws Exception {
    Stored.forgetForwarded(service);
    service.get("/x/not-asked", "Cache-Control", "only-if-cached");
    assertThat(Stored.in(service).keys("*:forward:*")).isEmpty();
  }

  @Test
  void writeInvalidatesNamesByNumber() throws Exception {
    String next = "<%s/repositories/42/issues?page=2>; rel=\"next\"".formatted(github.url());
    upstreamAnswers(Answer.fresh("one", "Link", next), Answer.fresh("two"), Answer.of(201, "{}"));
    service.get("/repos/x/q/issues");
    service.get("/repositories/42/issues?page=2");
    assertThat(status(service.get("/repositories/42/issues?page=2"))).startsWith("hit");

    service.send("PATCH", "/repos/X/Q/pulls/7");

    upstreamAnswers(Answer.fresh("three"));
    assertThat(service.get("/repositories/42/issues?page=2").body()).isEqualTo("three");
  }

  @Test
  void answerThatHasChangedSinceWriteDoesNotStandIn() throws Exception {
    upstreamAnswers(Answer.fresh("one", "ETag", "\"a\""), Answer.of(201, "{}"), Answer.cut());
    service.get("/repos/x/s");
    service.send("POST", "/repos/x/s/issues");

    assertThat(service.get("/repos/x/s").statusCode()).isEqualTo(502);
  }

  @Test
  void writesToWhatNobodyReadsLeaveNothingInRedis() throws Exception {
    Stored.forgetForwarded(service);
    upstreamAnswers(Answer.of(201, "{}"));
    for (int i = 0; i < 20; i++) {
      service.send("POST", "/repos/x/r" + i + "/issues/" + i + "/comments");
    }
    assertThat(Stored.in(service).keys("*:forward:*")).isEmpty();
  }

  @Test
  void failedWriteInvalidatesNothing() throws Exception {
    upstreamAnswers(Answer.fresh("one"), Answer.of(422, "no"), Answer.cut());
    service.get("/x/w");
    assertThat(service.send("POST", "/x/w").statusCode()).isEqualTo(422);
    assertThat(service.send("POST", "/x/w").statusCode()).isEqualTo(502);
    assertThat(status(service.get("/x/w"))).startsWith("hit");
    assertThat(asked()).hasSize(3);
  }

  @Test
  void responseInFlightDuringWriteIsNotReused() throws Exception {
    CountDownLatch written = new CountDownLatch(1);
    AtomicInteger reads = new AtomicInteger();
    upstream =
        github.override(
            asked -> asked.path().equals("/x/race"),
            (asked, request) -> {
              if (asked.method().equals("POST")) {
                request.response().end();
              } else if (reads.getAndIncrement() == 0) {
                CompletableFuture.runAsync(
                    () -> {
                      try {
                        written.await();
                      } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                      }
                      Answer.fresh("before").give(asked, request);
                    });
              } else {
                Answer.fresh("after").give(asked, request);
              }
            });
    CompletableFuture<String> early =
        CompletableFuture.supplyAsync(() -> service.get("/x/race").body());
    await().until(() -> reads.get() == 1);
    service.send("POST", "/x/race");
    written.countDown();
    assertThat(early.join()).isEqualTo("before");
    assertThat(service.get("/x/race").body()).isEqualTo("after");
  }

  // limits

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

  // the store

  @Test
  void storedResponsesAreSharedAndSurviveRestart() throws Exception {
    upstreamAnswers(Answer.fresh("one", "Vary", "Accept"));
    try (OwnRedis redis = OwnRedis.start()) {
      try (Service first = Service.start(github, Map.of("redis.url", redis.url()));
          Service second = Service.start(github, Map.of("redis.url", redis.url()))) {
        first.get("/x/shared");
        assertThat(status(second.get("/x/shared"))).startsWith("hit");
        first.send("POST", "/x/shared");
        // the invalidation arrives shortly after
        await().until(() -> status(second.get("/x/shared")).startsWith("fwd"));
      }
      try (Service later = Service.start(github, Map.of("redis.url", redis.url()))) {
        assertThat(status(later.get("/x/shared"))).startsWith("hit");
      }
    }
    assertThat(asked()).hasSize(3);
  }

  @Test
  void readsAndWritesAreForwardedWithoutRedis() throws Exception {
    upstreamAnswers(Answer.fresh("one"));
    OwnRedis redis = OwnRedis.start();
    try (redis;
        Service cut = Service.start(github, Map.of("redis.url", redis.url()))) {
      cut.get("/x/1");
      redis.close();
      assertThat(cut.get("/x/1").body()).isEqualTo("one");
      // memory is not used any more when Redis has not said for a second that nothing changed
      await().until(() -> status(cut.get("/x/1")).equals("fwd=bypass; fwd-status=200"));
      assertThat(cut.get("/x/1").body()).isEqualTo("one");
      assertThat(cut.send("POST", "/x/1").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void writeInvalidatesWhileRedisRefusesWrites() throws Exception {
    upstreamAnswers(
        Answer.fresh("one"), Answer.of(200, "written"), Answer.fresh("two"), Answer.fresh("three"));
    try (OwnRedis redis = OwnRedis.start();
        Service full = Service.start(github, Map.of("redis.url", redis.url())).ready();
        Jedis operator = redis.operator()) {
      full.get("/x/1");
      assertThat(status(full.get("/x/1"))).startsWith("hit");
      operator.configSet("maxmemory", "1");
      assertThat(full.send("POST", "/x/1").statusCode()).isEqualTo(200);

      assertThat(full.get("/x/1").body()).as("while Redis refuses writes").isEqualTo("two");

      operator.configSet("maxmemory", "0");
      assertThat(full.get("/x/1").body()).as("when Redis accepts writes again").isEqualTo("three");
      assertThat(status(full.get("/x/1"))).startsWith("hit");
    }
  }

  @Test
  void variantsStoredConcurrentlyAreAllFound() throws Exception {
    upstreamAnswers(Answer.fresh("one", "Vary", "Accept"));
    List<String> types = IntStream.range(0, 40).mapToObj(i -> "text/x-" + i).toList();
    ExecutorService threads = Executors.newFixedThreadPool(types.size());
    types.forEach(type -> threads.execute(() -> service.get("/x/v", "Accept", type)));
    threads.shutdown();
    assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    assertThat(types)
        .allMatch(type -> status(service.get("/x/v", "Accept", type)).startsWith("hit"));
  }

  @Test
  void storedResponsesExpire() throws Exception {
    upstreamAnswers(Answer.fresh("one", "Vary", "Accept"), Answer.fresh("two", "Vary", "Accept"));
    service.get("/x/t");
    service.get("/x/t", "Accept", "text/html");
    service.send("POST", "/x/t");
    var redis = Stored.in(service);
    assertThat(redis.keys("*:forward:*"))
        .hasSize(2)
        .allSatisfy(key -> assertThat(redis.getExpire(key)).isGreaterThan(86_000));
  }

  @Test
  void redisHasNoCallerSecrets() throws Exception {
    upstreamAnswers(Answer.fresh("one", "Vary", "Accept, Authorization, Cookie, X-GitHub-OTP"));
    for (int i = 0; i < 2; i++) {
      service.get(
          "/x/secret",
          "Authorization",
          "Bearer s3cret",
          "Cookie",
          "user_session=s3cret",
          "X-GitHub-OTP",
          "s3cret",
          "X-Other-Token",
          "s3cret");
    }
    assertThat(asked()).hasSize(1);
    var redis = Stored.in(service);
    assertThat(redis.keys("*:forward:*"))
        .isNotEmpty()
        .allSatisfy(key -> assertThat(key + Stored.text(service, key)).doesNotContain("s3cret"));
  }

  @Test
  void corruptEntryCountsAsMiss() throws Exception {
    upstreamAnswers(Answer.fresh("one"));
    service.get("/x/d");
    var redis = Stored.in(service);
    redis.keys("*:forward:*").forEach(key -> redis.opsForValue().set(key, new byte[] {1, 2}));
    assertThat(service.get("/x/d").body()).isEqualTo("one");
    await()
        .atMost(Duration.ofSeconds(5))
        .until(() -> status(service.get("/x/d")).startsWith("hit"));
  }

  // regressions of other caches and of the library

  @Test
  void revalidationIgnoresServerClockSkew() throws Exception {
    String now = HttpDates.format(Instant.now());
    String before = HttpDates.format(Instant.now().minusSeconds(20));
    upstreamAnswers(
        Answer.stale("one", "ETag", "\"a\"", "Date", now),
        Answer.stale("", "ETag", "\"a\"", "Date", before),
        Answer.fresh("two", "ETag", "\"b\"", "Date", before));
    service.get("/x/clock");
    assertThat(service.get("/x/clock").body()).isEqualTo("one");
    assertThat(service.get("/x/clock").body()).isEqualTo("two");
    assertThat(service.get("/x/clock").body()).isEqualTo("two");
    assertThat(asked()).hasSize(3);
  }

  @Test
  void forwarded304IsNotStored() throws Exception {
    upstreamAnswers(Answer.fresh("one", "ETag", "W/\"a\"", "Vary", "Accept"));
    service.get("/x/p", "Accept", "application/json", "If-None-Match", "W/\"a\"");
    for (String type : List.of("*/*", "application/json")) {
      HttpResponse<String> answer = service.get("/x/p", "Accept", type);
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body()).isEqualTo("one");
    }
  }

  @Test
  void missingVariantIsFetchedUnconditionally() throws Exception {
    upstreamAnswers(
        Answer.fresh("eins", "ETag", "W/\"a\"", "Vary", "Accept-Language"),
        Answer.fresh("one", "ETag", "W/\"a\"", "Vary", "Accept-Language"));
    service.get("/x/v", "Accept-Language", "de");
    assertThat(service.get("/x/v", "Accept-Language", "en").body()).isEqualTo("one");
    assertThat(asked().get(1).header("If-None-Match")).isNull();
    for (String language : List.of("de", "en")) {
      assertThat(status(service.get("/x/v", "Accept-Language", language))).startsWith("hit");
    }
  }

  @Test
  void responsesUnderServiceTokenAreKeptPerToken() throws Exception {
    github.addToken("another-token", "the-service");
    upstreamAnswers(Answer.of(200, "one", "Cache-Control", "private, max-age=60"));
    try (OwnRedis redis = OwnRedis.start()) {
      for (String token : List.of(TOKEN, "another-token", "")) {
        try (Service each =
            Service.start(github, Map.of("github.api.token", token, "redis.url", redis.url()))) {
          assertThat(status(each.get("/x/lent"))).as(token).startsWith("fwd");
        }
      }
    }
    assertThat(asked()).hasSize(3);
  }

  @Test
  void status416IsNotStored() throws Exception {
    upstreamAnswers(Answer.of(416, "", "Cache-Control", "max-age=60"), Answer.fresh("one"));
    assertThat(service.get("/x/r", "Range", "bytes=100-").statusCode()).isEqualTo(416);
    assertThat(service.get("/x/r").body()).isEqualTo("one");
  }

  @Test
  void errorDoesNotReplaceStaleResponse() throws Exception {
    upstreamAnswers(
        Answer.stale("one", "ETag", "\"a\""), Answer.of(503, "no", "Cache-Control", "max-age=60"));
    service.get("/x/e");
    assertThat(service.get("/x/e").body()).isEqualTo("one");
    assertThat(service.get("/x/e").body()).isEqualTo("one");
    assertThat(asked()).hasSize(3);
  }

  @Test
  void truncatedErrorIsServedStale() throws Exception {
    upstreamAnswers(Answer.stale("one", "ETag", "\"a\""));
    service.get("/x/e");
    upstream.close();
    upstream =
        github.override(
            asked -> asked.path().equals("/x/e"),
            (asked, request) -> {
              request.response().setStatusCode(503).putHeader("Content-Length", "1000");
              request.response().write("half").onComplete(x -> request.connection().close());
            });
    assertThat(service.get("/x/e").body()).isEqualTo("one");
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403, 404, 410})
  void refusalRemovesStoredResponse(int refusal) throws Exception {
    upstreamAnswers(
        Answer.stale("secret", "ETag", "\"a\"", "Vary", "Accept"),
        Answer.of(refusal, "no"),
        Answer.of(502, "unicorn"));
    String[] revoked = {"Authorization", "Bearer revoked"};
    service.get("/x/s", revoked);
    assertThat(service.get("/x/s", revoked).statusCode()).isEqualTo(refusal);
    assertThat(service.get("/x/s", revoked).statusCode()).isEqualTo(502);
  }

  @Test
  void backgroundRevalidationTimesOut() throws Exception {
    upstreamAnswers(
        Answer.stale("one", "Cache-Control", "stale-while-revalidate=90", "ETag", "\"a\""));
    try (Service hurried = Service.start(github, Map.of("github.answer.timeout", "500ms"))) {
      hurried.get("/x/hang");
      upstream.close();
      upstream = github.override(asked -> asked.path().equals("/x/hang"), (asked, request) -> {});
      assertThat(hurried.get("/x/hang").body()).isEqualTo("one");
      var connections =
          hurried
              .context()
              .getRegistry()
              .lookupByNameAndType("githubConnections", PoolingHttpClientConnectionManager.class);
      await().until(() -> connections.getTotalStats().getLeased() == 1);
      await().until(() -> connections.getTotalStats().getLeased() == 0);
    }
  }

  @Test
  void preflightAndMethodOverrideInvalidateNothing() throws Exception {
    upstreamAnswers(Answer.fresh("one"));
    service.get("/x/o");
    service.send("OPTIONS", "/x/o");
    assertThat(status(service.get("/x/o"))).startsWith("hit");
    HttpResponse<String> asked = service.get("/x/o", "X-HTTP-Method-Override", "DELETE");
    assertThat(status(asked)).startsWith("fwd=bypass");
    assertThat(status(service.get("/x/o"))).as("any client can send that header").startsWith("hit");
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
  void onlyIfCachedIsNeverForwarded() throws Exception {
    upstreamAnswers(Answer.fresh("one"));
    for (String[] headers :
        List.of(
            new String[] {"Cache-Control", "only-if-cached, no-store"},
            new String[] {"Cache-Control", "only-if-cached, no-cache"},
            new String[] {"Cache-Control", "only-if-cached", "If-Match", "\"a\""})) {
      assertThat(service.get("/x/o", headers).statusCode()).isEqualTo(504);
    }
    assertThat(asked()).isEmpty();
  }

  @Test
  void clientCannotExtendStaleIfError() throws Exception {
    upstreamAnswers(Answer.stale("one", "ETag", "\"a\""), Answer.of(503, "no"));
    try (Service never = Service.start(github, Map.of("stale.if.error", "0s"))) {
      never.get("/x/old");
      assertThat(never.get("/x/old", "Cache-Control", "stale-if-error=999999").statusCode())
          .isEqualTo(503);
    }
  }

  @Test
  void requestMaxAgeIsHonoured() throws Exception {
    upstreamAnswers(Answer.fresh("one", "ETag", "\"a\"", "Age", "30"));
    service.get("/x/m");
    assertThat(status(service.get("/x/m", "Cache-Control", "max-age=50"))).startsWith("hit");
    assertThat(status(service.get("/x/m", "Cache-Control", "max-age=5")))
        .isEqualTo("fwd=request; fwd-status=304");
  }

  @Test
  void anyContentTypeIsForwarded() throws Exception {
    upstreamAnswers(Answer.fresh("one", "Content-Type", "application/x-java-serialized-object"));
    assertThat(service.get("/x/j").body()).isEqualTo("one");
  }

  @Test
  void storedIsNotReportedWhenRedisRefuses() throws Exception {
    upstreamAnswers(Answer.fresh("one", "Vary", "Accept"));
    try (OwnRedis redis = OwnRedis.start();
        Service full = Service.start(github, Map.of("redis.url", redis.url()))) {
      full.ready();
      Stored.in(full)
          .execute(
              (RedisCallback<Void>)
                  connection -> {
                    connection.serverCommands().setConfig("maxmemory", "1");
                    return null;
                  });
      for (int i = 0; i < 2; i++) {
        HttpResponse<String> answer = full.get("/x/full");
        assertThat(answer.body()).isEqualTo("one");
        assertThat(status(answer)).isEqualTo("fwd=uri-miss; fwd-status=200");
      }
    }
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

  @Test
  void evictionRemovesOnlyForwardedResponses() throws Exception {
    upstreamAnswers(Answer.fresh("x".repeat(50_000)));
    try (Service full = Service.start(github).ready()) {
      var redis = Stored.in(full);
      redis.execute(
          (RedisCallback<Void>)
              connection -> {
                var server = connection.serverCommands();
                long used = Long.parseLong(server.info("memory").getProperty("used_memory"));
                server.setConfig("maxmemory", Long.toString(used + 1_000_000));
                return null;
              });
      for (int i = 0; i < 60; i++) {
        assertThat(status(full.get("/x/" + i))).endsWith("stored");
      }
      assertThat(redis.keys("*:forward:*"))
          .filteredOn(key -> !key.contains(":scope:"))
          .hasSizeBetween(1, 30);
      assertThat(redis.keys("*:endpoint:*")).hasSize(4);
      assertThat(redis.keys("*:view:*")).hasSize(5);
    }
  }
}
