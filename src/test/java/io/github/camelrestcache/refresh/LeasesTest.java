package io.github.camelrestcache.refresh;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.OwnRedis;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.RedisAddress;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.refresh.Leases.Lease;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.RedisConnection;
import io.github.camelrestcache.store.StoreClock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Commands of leases may run twice: the answer of the first time may have been lost. */
class LeasesTest {

  private static final Duration HOUR = Duration.ofHours(1);
  private static final URI GITHUB = URI.create("https://api.github.com");
  private static final State.Result DONE = new State.Result(1, 0, 1, 0, null, 100, 0, 0, 0);

  private static OwnRedis server;
  private static RedisConnection redis;
  private static Leases leases;

  @BeforeAll
  static void start() {
    server = OwnRedis.start();
    RedisAddress address = RedisAddress.of(server.url()).orElseThrow();
    redis = new RedisConnection(address, new Meters(new SimpleMeterRegistry()));
    redis.start();
    leases = leases("me");
  }

  @AfterAll
  static void stop() throws Exception {
    redis.stop();
    server.close();
  }

  private static Leases leases(String instance) {
    Settings.GitHub settings =
        new Settings.GitHub(
            GITHUB, "", "", null, "", "", Duration.ofSeconds(3), Duration.ofSeconds(15), 0);
    return new Leases(redis, new Keys(GITHUB), settings, instance, new StoreClock());
  }

  @Test
  void leaseIsGrantedAgainToItsOwnerOnly() {
    Lease first = leases.acquire("/lease", HOUR, false, 0);

    assertThat(leases("other").acquire("/lease", HOUR, false, 0)).isNull();
    Lease again = leases.acquire("/lease", HOUR, false, 0);

    assertThat(again.fence()).isGreaterThan(first.fence());
    leases.release(again, DONE, Duration.ZERO, false);
    assertThat(leases.acquire("/lease", HOUR, false, 0)).as("not due").isNull();
  }

  @Test
  void lookTellsWhatOthersHaveChanged() {
    leases.look();
    Leases other = leases("other");
    Lease lease = other.acquire("/news", HOUR, false, 0);
    other.release(lease, DONE, Duration.ZERO, false);
    assertThat(leases.acquire("/news", HOUR, false, 0))
        .as("not due, which tells the state")
        .isNull();

    assertThat(leases.look()).contains("/news");
    assertThat(leases.look()).isEmpty();
  }

  @Test
  void fewLeasesAreGrantedAtOnce() {
    for (int each = 0; each < Leases.MOST_AT_ONCE; each++) {
      assertThat(leases.acquire("/few/" + each, HOUR, false, 0)).isNotNull();
    }
    assertThat(leases.acquire("/few", HOUR, false, 0)).isNull();

    Lease first = leases.acquire("/few/0", HOUR, false, 0);
    leases.release(first, DONE, Duration.ZERO, false);

    assertThat(leases.acquire("/few", HOUR, false, 0)).isNotNull();
    leases.revoke("/few", 0);
    assertThat(leases.acquire("/more", HOUR, false, 0)).isNotNull();
    for (int each = 1; each < Leases.MOST_AT_ONCE; each++) {
      leases.revoke("/few/" + each, 0);
    }
    leases.revoke("/more", 0);
  }

  @Test
  void repeatedReleaseTakesOneLook() {
    leases.soon("/looks", Duration.ZERO, false);
    Lease lease = leases.acquire("/looks", HOUR, false, 0);

    leases.release(lease, DONE, Duration.ZERO, true);
    leases.release(lease, DONE, Duration.ZERO, true);

    byte[] state =
        redis.<String, byte[]>opsForHash().get(new Keys(GITHUB).of("refreshes"), "/looks");
    assertThat(new String(state, UTF_8)).contains("\"looks\":1");
  }

  @Test
  void eventDuringRefreshKeepsItsLooks() {
    leases.soon("/event", Duration.ZERO, false);
    Lease first = leases.acquire("/event", HOUR, false, 0);
    leases.soon("/event", Duration.ZERO, false);
    leases.release(first, DONE, Duration.ZERO, false);

    Lease second = leases.acquire("/event", HOUR, false, 0);
    leases.release(second, DONE, Duration.ZERO, true);

    assertThat(leases.state("/event").soon()).as("the next look").isNotNull();
  }
}
