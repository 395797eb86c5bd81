package io.github.camelrestcache.store;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;

/** The clock of Redis as last read, which all instances share and stored times are told by. */
public final class StoreClock extends Clock {

  private volatile Duration skew = Duration.ZERO;

  /** Sets the clock by what Redis says. */
  public void set(Instant now) {
    skew = Duration.between(Instant.now(), now);
  }

  @Override
  public Instant instant() {
    return Instant.now().plus(skew);
  }

  @Override
  public ZoneId getZone() {
    return ZoneId.of("UTC");
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }
}
