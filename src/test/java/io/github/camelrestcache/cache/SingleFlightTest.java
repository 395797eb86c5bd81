package io.github.camelrestcache.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.cache.SingleFlight.Flight;
import io.github.camelrestcache.cache.SingleFlight.Outcome;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Single flight: which request asks GitHub, and which joins a request in flight. */
class SingleFlightTest {

  private final SingleFlight singleFlight = new SingleFlight(Runnable::run, Duration.ofSeconds(1));

  private Flight join(String key, long looked) {
    return singleFlight.join(key, "uri-miss", looked);
  }

  @Test
  void sameKeyJoinsRequestInFlight() {
    Flight first = join("a", System.nanoTime());
    Flight second = join("a", System.nanoTime());
    assertThat(first.isLed()).isTrue();
    assertThat(second.isLed()).isFalse();
    assertThat(second.landed()).isSameAs(first.landed());
    assertThat(join("b", System.nanoTime()).isLed()).isTrue();
  }

  @Test
  void lookupBeforeTheAnswerIsRepeated() {
    Flight first = join("a", System.nanoTime());
    long looked = System.nanoTime();
    singleFlight.end(first, Outcome.ANSWERED);
    Flight second = join("a", looked);
    assertThat(second.isLed()).isFalse();
    assertThat(second.landed()).isCompletedWithValue(Outcome.ANSWERED);
    assertThat(join("a", System.nanoTime()).isLed()).as("none is left in flight").isTrue();
  }

  @ParameterizedTest
  @EnumSource(names = {"STOOD_IN", "FAILED"})
  void nextRequestAsksGitHubAfterFailure(Outcome outcome) {
    Flight first = join("a", System.nanoTime());
    long looked = System.nanoTime();
    singleFlight.end(first, outcome);
    assertThat(join("a", looked).isLed()).isTrue();
  }
}
