package io.github.camelrestcache.refresh;

/** A refresh whose lease expired and was granted again, or was revoked by a purge. */
final class LeaseLost extends RuntimeException {

  private static final long serialVersionUID = 1;

  LeaseLost() {
    super("Another refresh has taken over", null, false, false);
  }
}
