package io.github.camelrestcache.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.upstream.Turns.Turn;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Whose turn it is to ask GitHub. */
class TurnsTest {

  private static final ClientRequest CLIENT =
      ClientRequest.head("id", "GET", "/zen", null, new HttpFields());

  /** With 45 instances each has a share of two. */
  private final AtomicInteger instances = new AtomicInteger(45);

  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final Turns turns = turns(Duration.ofMinutes(1));

  private Turns turns(Duration patience) {
    return new Turns(instances::get, patience, Runnable::run, new Meters(meters));
  }

  private static UpstreamRequest ask(String credential, Instant deadline) {
    return new UpstreamRequest(
        "GET", "/zen", new HttpFields(), null, false, credential, null, deadline);
  }

  private CompletableFuture<Turn> come(String credential) {
    return turns.await(CLIENT, ask(credential, null));
  }

  private double waiting() {
    return meters.get("restcache.forwards.waiting").gauge().value();
  }

  @Test
  void turnsComeInOrder() {
    List<CompletableFuture<Turn>> all = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      all.add(come("a"));
    }
    assertThat(waiting()).isEqualTo(4);
    for (int i = 0; i < 6; i++) {
      int come = Math.min(6, i + 2);
      assertThat(all.subList(0, come)).allMatch(CompletableFuture::isDone);
      assertThat(all.subList(come, 6)).noneMatch(CompletableFuture::isDone);
      turns.end(all.get(i).join());
    }
    assertThat(waiting()).isZero();
  }

  @Test
  void endIsRepeatableAndTakesNull() {
    Turn first = come("a").join();
    come("a");
    turns.end(first);
    turns.end(first);
    turns.end(null);
    assertThat(come("a")).isDone();
    assertThat(come("a")).isNotDone();
  }

  @Test
  void credentialsDoNotWaitForEachOther() {
    come("a");
    come("a");
    assertThat(come("a")).isNotDone();
    assertThat(come("b")).isDone();
  }

  @Test
  void revalidationInTheBackgroundDoesNotWait() {
    come("a");
    Turn second = come("a").join();
    Turn background = turns.await(null, ask("a", null)).join();
    assertThat(background.hasCome()).isFalse();
    turns.end(background);
    turns.end(second);
    assertThat(turns.await(null, ask("a", null)).join().hasCome()).isTrue();
  }

  @Test
  void longWaitEndsWithoutTurn() {
    Turns impatient = turns(Duration.ofMillis(20));
    List<Turn> taken = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      taken.add(impatient.await(CLIENT, ask("a", null)).join());
    }
    Turn late = impatient.await(CLIENT, ask("a", null)).join();
    assertThat(late.hasCome()).isFalse();
    taken.forEach(impatient::end);
    impatient.end(late);
    assertThat(impatient.await(CLIENT, ask("a", null)).join().hasCome()).isTrue();
  }

  @Test
  void refreshIsNext() {
    Turn first = come("a").join();
    come("a");
    CompletableFuture<Turn> client = come("a");
    CompletableFuture<Turn> refresh =
        CompletableFuture.supplyAsync(() -> turns.await(null, ask("a", Instant.MAX)).join());
    await().until(() -> waiting() == 2);
    turns.end(first);
    assertThat(refresh.join().hasCome()).isTrue();
    assertThat(client).isNotDone();
  }

  @Test
  void shareFollowsTheNumberOfInstances() {
    Turn first = come("a").join();
    come("a");
    List<CompletableFuture<Turn>> waiting = List.of(come("a"), come("a"), come("a"));
    instances.set(30);
    turns.end(first);
    assertThat(waiting).extracting(CompletableFuture::isDone).containsExactly(true, true, false);
    instances.set(1000);
    turns.end(waiting.get(0).join());
    assertThat(waiting.get(2)).isNotDone();
  }
}
