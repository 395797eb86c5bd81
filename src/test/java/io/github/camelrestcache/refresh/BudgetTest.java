package io.github.camelrestcache.refresh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.camelrestcache.refresh.Budget.Plan;
import io.github.camelrestcache.upstream.Limit;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class BudgetTest {

  private static final Duration EVERY = Duration.ofMinutes(5);
  private static final long NOW = 1_000_000;

  /** Six requests per five minutes: the shipped endpoints, one of which has three pages. */
  private static final double RATE = 6 / 300.0;

  private static Plan plan(Limit limit, double rate) {
    return Budget.plan(limit, 0.2, 3, rate, EVERY, NOW);
  }

  private static Limit limit(int limit, int remaining) {
    return new Limit(limit, remaining, NOW + 3600);
  }

  @Test
  void ampleBudgetKeepsDeclaredIntervals() {
    Plan plan = plan(limit(5000, 5000), RATE);
    assertThat(plan.stretch()).isEqualTo(1);
    assertThat(plan.pause()).isZero();
  }

  @Test
  void intervalsStretchToLastUntilResetWithJitter() {
    // 72 requests an hour are needed, 48 are available
    Plan plan = plan(limit(60, 60), RATE);
    assertThat(plan.stretch()).isBetween(1.5, 1.65);
    assertThat(plan.pause()).isZero();
    assertThat(plan(limit(60, 60), RATE).stretch()).isNotEqualTo(plan.stretch());
    // callers have used some
    assertThat(plan(limit(60, 36), RATE).stretch()).isBetween(3.0, 3.3);
  }

  @Test
  void eventRefreshesAreSpacedByTheLimit() {
    // three requests at 48 an hour, then at 4,000 an hour
    assertThat(plan(limit(60, 60), RATE).spacing()).isEqualTo(Duration.ofSeconds(225));
    assertThat(plan(limit(5000, 5000), RATE).spacing()).isEqualTo(Duration.ofMillis(2700));
    State state = new State("one", 1_000, 3_000, 0, 0, 1, 225_000, 3, 0, null, 0, 0, 0, 0);
    assertThat(state.due(EVERY)).isEqualTo(226_000);
  }

  @Test
  void refreshesPauseUntilResetAtTheReserve() {
    for (int left : new int[] {0, 1, 12}) {
      Plan plan = plan(limit(60, left), RATE);
      assertThat(plan.pause()).isBetween(Duration.ofSeconds(3600), Duration.ofSeconds(3960));
    }
  }

  @Test
  void intervalsDoNotStretchFarBeyondReset() {
    Plan plan = plan(new Limit(60, 20, NOW + 600), 100);
    assertThat(plan.stretch() * EVERY.toSeconds()).isCloseTo(630, within(30.0));
  }

  @Test
  void expiredOrUnknownWindowKeepsDeclaredIntervals() {
    Plan asDeclared = new Plan(1, Duration.ZERO, Duration.ZERO);
    assertThat(plan(null, RATE)).isEqualTo(asDeclared);
    assertThat(plan(new Limit(60, 0, NOW), RATE)).isEqualTo(asDeclared);
  }

  @Test
  void refreshFailsBeforeUsingTheReserve() {
    assertThatCode(() -> Budget.check("/x", limit(60, 13), 0.2, 1)).doesNotThrowAnyException();
    assertThatCode(() -> Budget.check("/x", null, 0.2, 1)).doesNotThrowAnyException();
    assertThatThrownBy(() -> Budget.check("/x", limit(60, 12), 0.2, 1))
        .isInstanceOf(RefreshFailed.class)
        .hasMessageContaining("/x")
        .hasMessageContaining("GITHUB_API_TOKEN");
  }
}
