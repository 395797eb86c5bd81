package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.standin.Recorded;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Concurrent identical reads share one request to GitHub. The service has four threads and twelve
 * forward slots, so a waiting request that held either would make the tests fail.
 */
class CoalescedForwardTest extends CoalescedForwards {
  @Test
  void hitAfterCoalescingIsNotMarkedCollapsed() {
    var answers = ask(20);
    awaitHeld(1);
    awaitWaiting(19);
    answer("{}");

    assertThat(answers).anyMatch(each -> status(each.join()).endsWith("; collapsed"));
    assertThat(ask(3)).allMatch(each -> status(each.join()).startsWith("hit; ttl="));
  }

  @Test
  void identicalReadsShareOneRequestAndHoldNoThread() {
    var answers = ask(500);
    awaitHeld(1);
    awaitWaiting(499);

    assertThat(service.get("/orgs/Netflix").statusCode()).as("threads are free").isEqualTo(200);
    assertThat(service.get("/zen").statusCode()).as("a connection is free").isEqualTo(200);

    answer("one");
    assertThat(answers).allSatisfy(each -> assertThat(each.join().body()).isEqualTo("one"));
    assertThat(asked()).isEqualTo(1);
    assertThat(answers.stream().map(each -> status(each.join())))
        .containsOnly("fwd=uri-miss; fwd-status=200; stored", "fwd=uri-miss; collapsed")
        .filteredOn(status -> status.endsWith("stored"))
        .hasSize(1);
  }

  @Test
  void staleReadsShareOneRevalidation() {
    storeStale("max-age=60");
    var answers = ask(50);
    awaitHeld(1);
    awaitWaiting(49);
    held.remove().response().setStatusCode(304).putHeader("ETag", "\"a\"").end();

    assertThat(answers).allSatisfy(each -> assertThat(each.join().body()).isEqualTo("one"));
    assertThat(asked()).isEqualTo(2);
    assertThat(answers.stream().map(each -> status(each.join())))
        .containsOnly("fwd=stale; fwd-status=304", "fwd=stale; collapsed");
  }

  @Test
  void differentAcceptIsNotCoalesced() {
    var one = ask(1, "Accept", "application/vnd.github.raw+json");
    awaitHeld(1);
    var other = ask(1, "Accept", "text/html");
    awaitHeld(2);
    held.forEach(
        request ->
            request
                .response()
                .putHeader("Vary", "Accept")
                .putHeader("Cache-Control", "max-age=60")
                .end(request.getHeader("Accept")));
    held.clear();
    assertThat(one.get(0).join().body()).isEqualTo("application/vnd.github.raw+json");
    assertThat(other.get(0).join().body()).isEqualTo("text/html");
  }

  @Test
  void differentCredentialsAreNotCoalesced() {
    var mine = ask(5, "Authorization", "Bearer mine");
    awaitHeld(1);
    var yours = ask(5, "Authorization", "Bearer yours");
    awaitHeld(2);
    awaitWaiting(8);
    held.forEach(
        request ->
            request
                .response()
                .putHeader("Cache-Control", "private, max-age=60")
                .end(request.getHeader("Authorization")));
    held.clear();
    assertThat(mine).allSatisfy(each -> assertThat(each.join().body()).isEqualTo("Bearer mine"));
    assertThat(yours).allSatisfy(each -> assertThat(each.join().body()).isEqualTo("Bearer yours"));
    assertThat(github.requests().stream().map(Recorded::target).filter("/x/one"::equals))
        .hasSize(2);
  }

  @Test
  void writeIsNeverCoalescedOrRetried() {
    HttpRequest post =
        HttpRequest.newBuilder(URI.create(service.url("/x/one")))
            .POST(HttpRequest.BodyPublishers.ofString("same"))
            .build();
    var answers =
        IntStream.range(0, 2)
            .mapToObj(i -> CLIENT.sendAsync(post, HttpResponse.BodyHandlers.ofString()))
            .toList();
    awaitHeld(2);
    held.remove().connection().close();
    held.remove().response().end();
    assertThat(answers.stream().map(each -> each.join().statusCode())).contains(200, 502);
    assertThat(asked()).isEqualTo(2);
  }
}
