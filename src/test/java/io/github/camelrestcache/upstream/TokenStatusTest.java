package io.github.camelrestcache.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.base.HttpFields;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenStatusTest {

  private static final Duration PAUSE = Duration.ofSeconds(10);

  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5);
  private final TokenStatus status = new TokenStatus(now::get);

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }

  @Test
  void refusedTokenIsNotLentForAMinuteThenTwiceAsLongUpToTen() {
    for (int minutes : new int[] {1, 2, 4, 8, 10, 10}) {
      status.refused("a");
      pass(Duration.ofMinutes(minutes).minusMillis(1));
      assertThat(status.mayLend("a")).isFalse();
      status.refused("a"); // of a refresh or a request in flight: no longer pause
      pass(Duration.ofMillis(1));
      assertThat(status.mayLend("a")).isTrue();
      assertThat(status.isRefused("a")).isTrue();
    }
  }

  @Test
  void otherOrAcceptedTokenIsLentAtOnce() {
    status.refused("a");
    assertThat(status.mayLend("b")).isTrue();
    assertThat(status.isRefused("b")).isFalse();

    status.accepted("a");
    assertThat(status.mayLend("a")).isTrue();
    status.refused("a");
    pass(Duration.ofMinutes(1));
    assertThat(status.mayLend("a")).as("not in a row").isTrue();
  }

  @Test
  void oneRefreshTriesAnUnknownTokenForAll() throws Exception {
    TokenStatus real = new TokenStatus();
    assertThat(real.mayTry("a", PAUSE)).isTrue();
    var second = CompletableFuture.supplyAsync(() -> real.mayTry("a", PAUSE));
    var third = CompletableFuture.supplyAsync(() -> real.mayTry("a", PAUSE));

    real.refused("a");

    assertThat(second.get(1, TimeUnit.SECONDS)).isFalse();
    assertThat(third.get(1, TimeUnit.SECONDS)).isFalse();
    assertThat(real.mayTry("a", Duration.ZERO)).isTrue();
    assertThat(real.mayTry("", PAUSE)).as("no token").isTrue();
    real.accepted("a");
    assertThat(real.mayTry("a", PAUSE)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "401, /zen, Bad credentials, true",
    "401, /zen, '', true",
    "401, /app, Bad credentials, true",
    "401, /zen, This token has EXPIRED, true",
    "401, /app, '', false",
    "401, /APP/installations, '', false",
    "401, /repos/a/b/installation, '', false",
    "401, /app, A JSON web token could not be decoded, false",
    "401, /zen, Requires authentication, false",
    "403, /zen, Bad credentials, false",
  })
  void only401AboutTheTokenRefusesIt(int answer, String path, String message, boolean is) {
    UpstreamRequest ask =
        new UpstreamRequest("GET", path, new HttpFields(), null, true, "lent", null, null);
    assertThat(TokenStatus.isRefusal(ask, answer, message)).isEqualTo(is);
  }
}
