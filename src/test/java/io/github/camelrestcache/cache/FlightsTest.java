package io.github.camelrestcache.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.camelrestcache.cache.Flights.Flight;
import io.github.camelrestcache.cache.Flights.Outcome;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Single flight: which request asks GitHub, and which joins a request in flight. */
class FlightsTest {

  private final Flights flights = new Flights(Runnable::run, Duration.ofSeconds(1));

  private Flight begin(String key, long looked) {
    return flights.begin(key, "uri-miss", looked);
  }

  private Joined joined(String key, long looked) {
    return catchThrowableOfType(Joined.class, () -> begin(key, looked));
  }

  @Test
  void sameKeyJoinsRequestInFlight() {
    Flight first = begin("a", System.nanoTime());
    assertThat(joined("a", System.nanoTime()).flight).isSameAs(first);
    assertThatCode(() -> begin("b", System.nanoTime())).doesNotThrowAnyException();
  }

  @Test
  void lookupBeforeTheAnswerIsRepeated() {
    Flight first = begin("a", System.nanoTime());
    long looked = System.nanoTime();
    flights.end(first, Outcome.ANSWERED);
    assertThat(joined("a", looked).flight.landed()).isCompletedWithValue(Outcome.ANSWERED);
    assertThatCode(() -> begin("a", System.nanoTime()))
        .as("no request is left in flight")
        .doesNotThrowAnyException();
  }

  @ParameterizedTest
  @EnumSource(names = {"STOOD_IN", "FAILED"})
  void nextRequestAsksGitHubAfterFailure(Outcome outcome) {
    Flight first = begin("a", System.nanoTime());
    long looked = System.nanoTime();
    flights.end(first, outcome);
    assertThatCode(() -> begin("a", looked)).doesNotThrowAnyException();
  }
}
