package io.github.camelrestcache.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.OwnRedis;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.RedisAddress;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Leases of two instances on one Redis. */
class LeasesTest {

  private static final Keys KEYS = new Keys(URI.create("https://api.github.com"));
  private static final Duration MINUTE = Duration.ofMinutes(1);

  private static OwnRedis server;
  private static RedisConnection redis;
  private static Leases mine;
  private static Leases theirs;

  @BeforeAll
  static void start() {
    server = OwnRedis.start();
    RedisAddress address = RedisAddress.of(server.url()).orElseThrow();
    redis = new RedisConnection(address, new Meters(new SimpleMeterRegistry()));
    redis.start();
    mine = new Leases(redis, KEYS, "me", MINUTE);
    theirs = new Leases(redis, KEYS, "them", MINUTE);
  }

  @AfterAll
  static void stop() throws Exception {
    redis.stop();
    server.close();
  }

  @Test
  void leaseBelongsToOneInstance() {
    assertThat(mine.take("/a")).isTrue();
    assertThat(theirs.take("/a")).isFalse();
    assertThat(theirs.renew("/a")).isFalse();
    theirs.giveBack("/a");
    assertThat(mine.renew("/a")).isTrue();
    assertThat(theirs.take("/b")).as("another endpoint").isTrue();

    mine.giveBack("/a");

    assertThat(theirs.take("/a")).isTrue();
  }

  @Test
  void ownerMayTakeItAgainBecauseItsFirstAnswerMayBeLost() {
    assertThat(mine.take("/again")).isTrue();
    assertThat(mine.take("/again")).isTrue();
  }

  @Test
  void leaseEndsUnlessItIsRenewed() {
    Leases shorter = new Leases(redis, KEYS, "them", Duration.ofMillis(200));
    assertThat(shorter.take("/short")).isTrue();
    await().until(() -> mine.take("/short"));
    assertThat(shorter.renew("/short")).isFalse();

    assertThat(redis.getExpire(KEYS.lease("/short"))).isBetween(50L, 60L);
    redis.expire(KEYS.lease("/short"), Duration.ofSeconds(9));
    assertThat(mine.renew("/short")).isTrue();
    assertThat(redis.getExpire(KEYS.lease("/short"))).isBetween(50L, 60L);
  }

  @Test
  void revokedLeaseIsNotRenewed() {
    mine.take("/revoked");

    theirs.revoke("/revoked");

    assertThat(mine.renew("/revoked")).isFalse();
  }

  @Test
  void valueOfAnotherTypeIsReplaced() {
    redis.opsForList().leftPush(KEYS.of("refreshes"), "what?");

    mine.set("/odd", "{}");
    assertThat(mine.schedules()).containsOnlyKeys("/odd");
  }
}
