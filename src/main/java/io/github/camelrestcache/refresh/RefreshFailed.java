package io.github.camelrestcache.refresh;

import java.time.Duration;
import java.time.Instant;

/** A refresh that published nothing, with the reason in a sentence. */
public final class RefreshFailed extends RuntimeException {

  private static final long serialVersionUID = 1;

  private final Instant notBefore;

  RefreshFailed(String reason) {
    this(reason, Instant.EPOCH);
  }

  /**
   * @param notBefore when GitHub may be asked again at the earliest
   */
  RefreshFailed(String reason, Instant notBefore) {
    super(reason, null, false, false);
    this.notBefore = notBefore;
  }

  static RefreshFailed late() {
    return new RefreshFailed("It was not done within REFRESH_DEADLINE");
  }

  Instant notBefore() {
    return notBefore;
  }

  /** How long GitHub may not be asked again, or null when nobody has said. */
  Duration wait(Instant now) {
    return notBefore.isAfter(now) ? Duration.between(now, notBefore) : null;
  }
}
