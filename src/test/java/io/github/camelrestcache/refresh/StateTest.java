package io.github.camelrestcache.refresh;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** When endpoints are due. Times are in milliseconds. */
class StateTest {

  private static final Duration EVERY = Duration.ofMillis(1_000);

  /** A refresh that began at 5,000. */
  private static State began(long soon, int looks, long notBefore, int failures) {
    return new State("me", 5_000, soon, looks, notBefore, 1, 0, 1, failures, null, 100, 0, 0, 0);
  }

  private static long due(State state) {
    return state.due(EVERY);
  }

  @Test
  void endpointIsDueAfterItsInterval() {
    assertThat(due(State.NONE)).isEqualTo(1_000); // in 1970
    assertThat(due(began(0, 0, 0, 0))).isEqualTo(6_000);
  }

  @Test
  void failedEndpointIsDueAfterItsPause() {
    assertThat(due(began(0, 0, 9_000, 1))).isEqualTo(9_000);
    assertThat(due(began(0, 0, 0, 1))).isZero();
  }

  @Test
  void requestMakesItDueBeforeItsTime() {
    assertThat(due(began(0, 0, 0, 0).wanted(5_500, false))).isEqualTo(5_500);
    assertThat(due(began(5_200, 1, 0, 0).wanted(5_500, false))).as("a look").isEqualTo(5_200);
    assertThat(due(began(0, 0, 0, 0).wanted(6_500, false))).as("later").isEqualTo(6_000);
  }

  @Test
  void requestFromBeforeTheLastRefreshIsOver() {
    State state = began(0, 0, 0, 0);
    assertThat(state.wanted(5_000, false)).isEqualTo(state);
    assertThat(state.wanted(5_001, false).isWanted()).isTrue();
  }

  @Test
  void requestEndsAPauseOnlyIfItSaysSo() {
    assertThat(due(began(0, 0, 9_000, 1).wanted(5_500, false))).isEqualTo(9_000);
    assertThat(due(began(0, 0, 9_000, 1).wanted(5_500, true))).isLessThanOrEqualTo(5_500);
  }

  @Test
  void jsonKeepsAState() {
    State state = began(7_000, 2, 9_000, 3);
    assertThat(State.of(state.json().getBytes(UTF_8))).isEqualTo(state);
    for (String odd : new String[] {"null", "7", "{\"began\":1e99}", "what?"}) {
      assertThat(State.of(odd.getBytes(UTF_8))).isEqualTo(State.NONE);
    }
  }
}
