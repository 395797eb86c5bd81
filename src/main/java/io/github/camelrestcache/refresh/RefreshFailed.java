package io.github.camelrestcache.refresh;

import java.time.Duration;
import java.time.Instant;

/** A refresh that published nothing; the message is a sentence. */
public final class RefreshFailed extends RuntimeException {

  private static final long serialVersionUID = 1;

  private final Instant notBefore;

  RefreshFailed(String reason) {
    this(reason, Instant.EPOCH);
  }

  /**
   * @param notBefore the earliest time of another request to GitHub
   */
  RefreshFailed(String reason, Instant notBefore) {
    super(reason, null, false, false);
    this.notBefore = notBefore;
  }

  Instant notBefore() {
    return notBefore;
  }

  /** How long to wait before GitHub is asked again, or null if it did not say. */
  Duration wait(Instant now) {
    return notBefore.isAfter(now) ? Duration.between(now, notBefore) : null;
  }
}
