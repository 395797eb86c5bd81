package io.github.camelrestcache.refresh;

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

  Instant notBefore() {
    return notBefore;
  }
}
