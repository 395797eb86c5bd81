package io.github.camelrestcache.cache;

/** An identical request is in flight: wait for it, and ask the cache again. */
public final class Joined extends RuntimeException {

  private static final long serialVersionUID = 1;

  final transient Flights.Flight flight;

  /** Why GitHub would have been asked, a {@code fwd} value of RFC 9211. */
  final String reason;

  Joined(Flights.Flight flight, String reason) {
    super("collapsed", null, false, false);
    this.flight = flight;
    this.reason = reason;
  }
}
