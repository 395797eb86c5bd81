package io.github.camelrestcache.cache;

/** What to do with a request. Routes find it in the variable {@code use}. */
public enum Use {
  /** the stored response is the answer */
  FRESH(null),
  /** the stored response is the answer, and is validated in the background (RFC 5861 3) */
  WHILE_REVALIDATE(null),
  /** the stored response needs validation (RFC 9111 4.3) */
  STALE("stale"),
  /** the client wants a fresher response than the stored one */
  REQUESTED("request"),
  /** nothing is stored for the request */
  MISS("uri-miss"),
  /** a read that the cache does not answer */
  BYPASS("bypass"),
  /** a request with a method that the cache does not answer */
  METHOD("method");

  /** Why GitHub is asked, a {@code fwd} value of RFC 9211 2.2, or null. */
  final String reason;

  Use(String reason) {
    this.reason = reason;
  }

  /** Whether the stored response is the answer. */
  public boolean isHit() {
    return reason == null;
  }

  /** Whether the stored response is the answer and is validated in the background. */
  public boolean isStaleHit() {
    return this == WHILE_REVALIDATE;
  }

  /** Whether GitHub is asked with the validators of the stored response. */
  boolean validates() {
    return this == STALE || this == REQUESTED;
  }
}
