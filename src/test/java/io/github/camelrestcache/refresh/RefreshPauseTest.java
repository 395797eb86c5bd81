package io.github.camelrestcache.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RefreshPauseTest {

  @ParameterizedTest
  @CsvSource({
    "1, PT5M, 10",
    "2, PT5M, 20",
    "4, PT5M, 80",
    "7, PT5M, 600",
    "1000000, PT5M, 600",
    "1, PT2S, 2",
    "3, PT2S, 8",
    "1, PT10S, 10",
  })
  void pauseDoublesFromIntervalToTenMinutesWithJitter(int inARow, Duration every, long seconds) {
    for (int i = 0; i < 1000; i++) {
      assertThat(Outcomes.pauseAfter(inARow, every).toMillis())
          .isBetween(seconds * 800, seconds * 1200);
    }
  }
}
