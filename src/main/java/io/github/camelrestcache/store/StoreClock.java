package io.github.camelrestcache.store;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** The Redis clock as last read: all instances share it, and stored times are based on it. */
public final class StoreClock implements InstantSource {

  private volatile Duration skew = Duration.ZERO;

  /** Sets the clock to the time of Redis. */
  public void set(Instant now) {
    skew = Duration.between(Instant.now(), now);
  }

  @Override
  public Instant instant() {
    return Instant.now().plus(skew);
  }
}
