package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stale responses: when they are revalidated, replaced, or served. */
class StaleForwardTest extends CachedForwards {
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
  void clientCannotExtendStaleIfError() throws Exception {
    upstreamAnswers(Answer.stale("one", "ETag", "\"a\""), Answer.of(503, "no"));
    try (Service never = Service.start(github, Map.of("stale.if.error", "0s"))) {
      never.get("/x/old");
      assertThat(never.get("/x/old", "Cache-Control", "stale-if-error=999999").statusCode())
          .isEqualTo(503);
    }
  }
}
