package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** When the request that others wait for fails, or its response cannot be shared. */
class CoalescedFailuresTest extends CoalescedForwards {
  @Test
  void oneFollowerRetriesAfterBrokenConnection() {
    assertThatOneFollowerRetries(first -> first.connection().close());
  }

  @Test
  void oneFollowerRetriesAfterGitHubError() {
    assertThatOneFollowerRetries(first -> first.response().setStatusCode(502).end("unicorn"));
  }

  private void assertThatOneFollowerRetries(Consumer<HttpServerRequest> fail) {
    var answers = ask(50);
    awaitHeld(1);
    awaitWaiting(49);
    fail.accept(held.remove());
    awaitHeld(1);
    answer("one");

    var statuses = answers.stream().map(each -> each.join().statusCode()).toList();
    assertThat(statuses).containsOnly(200, 502).filteredOn(status -> status == 502).hasSize(1);
    assertThat(asked()).isEqualTo(2);
  }

  @Test
  void followersOfNoCacheResponseAskConcurrently() {
    var answers = ask(10);
    awaitHeld(1);
    awaitWaiting(9);
    await()
        .until(
            () -> {
              for (HttpServerRequest each = held.poll(); each != null; each = held.poll()) {
                each.response()
                    .putHeader("Cache-Control", "no-cache")
                    .putHeader("ETag", "\"a\"")
                    .end("one");
              }
              return answers.stream().allMatch(CompletableFuture::isDone);
            });
    assertThat(answers).allSatisfy(each -> assertThat(each.join().body()).isEqualTo("one"));
    assertThat(asked()).isEqualTo(10);
  }

  @Test
  void staleIfErrorServesAllFollowers() {
    storeStale("max-age=60");
    var answers = ask(40);
    awaitHeld(1);
    awaitWaiting(39);
    held.remove().response().setStatusCode(503).end("no");

    assertThat(answers).allSatisfy(each -> assertThat(each.join().body()).isEqualTo("one"));
    assertThat(asked()).isEqualTo(2);
    assertThat(answers.stream().map(each -> status(each.join())))
        .containsOnly(
            "fwd=stale; fwd-status=503; detail=stale-if-error",
            "fwd=stale; collapsed; detail=stale-if-error");
  }

  @Test
  void oneFollowerRetriesMustRevalidate() {
    storeStale("max-age=60, must-revalidate");
    var answers = ask(40);
    awaitHeld(1);
    awaitWaiting(39);
    held.remove().connection().close();
    awaitHeld(1);
    answer("two");

    assertThat(answers.stream().map(each -> each.join().statusCode()).toList())
        .containsOnly(200, 502)
        .filteredOn(status -> status == 502)
        .hasSize(1);
    assertThat(asked()).isEqualTo(3);
  }

  @Test
  void secondFailureEndsAllFollowers() {
    var answers = ask(40);
    awaitHeld(1);
    awaitWaiting(39);
    Set<Object> first = waiting();
    held.remove().response().setStatusCode(503).end("no");
    awaitHeld(1);
    awaitWaiting(38, first);
    held.remove().connection().close();

    assertThat(answers.stream().map(each -> each.join().statusCode()).toList())
        .containsOnly(502, 503)
        .filteredOn(status -> status == 503)
        .hasSize(1);
    assertThat(asked()).isEqualTo(2);
  }

  @Test
  void hangingLeaderIsReplaced() {
    try (Service impatient = Service.start(github, Map.of("github.answer.timeout", "8s"))) {
      var answers = ask(impatient, 20);
      awaitHeld(1);
      HttpServerRequest hanging = held.remove();
      awaitHeld(1);
      // one of the others asks GitHub, and the rest wait for it
      await().during(Duration.ofSeconds(1)).until(() -> held.size() == 1 && asked() == 2);
      answer("one");

      await().until(() -> answers.stream().filter(CompletableFuture::isDone).count() == 19);
      assertThat(asked()).isEqualTo(2);
      hanging.response().end("late");
      assertThat(answers.stream().map(each -> each.join().body())).containsOnly("one", "late");
    }
  }

  @Test
  void unstorableResponseIsNotShared() {
    var answers = ask(10);
    awaitHeld(1);
    awaitWaiting(9);
    held.remove().response().setStatusCode(404).end("no");
    await()
        .until(
            () -> {
              for (HttpServerRequest each = held.poll(); each != null; each = held.poll()) {
                each.response().setStatusCode(404).end("no");
              }
              return answers.stream().allMatch(CompletableFuture::isDone);
            });
    assertThat(answers).allSatisfy(each -> assertThat(each.join().statusCode()).isEqualTo(404));
    assertThat(asked()).isEqualTo(10);
  }
}
