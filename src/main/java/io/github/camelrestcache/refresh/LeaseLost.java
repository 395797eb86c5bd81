package io.github.camelrestcache.refresh;

/** Ends a refresh whose lease was revoked by a purge, or granted again after it expired. */
final class LeaseLost extends RuntimeException {

  private static final long serialVersionUID = 1;

  LeaseLost() {
    super("Another refresh has taken over", null, false, false);
  }
}
