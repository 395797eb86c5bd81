package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Writes through the service invalidate stored responses. */
class WrittenForwardTest extends CachedForwards {
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
}
