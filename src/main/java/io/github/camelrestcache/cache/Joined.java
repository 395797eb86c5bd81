package io.github.camelrestcache.cache;

/** Another request for the same is under way: wait for that one, and ask the cache again. */
public final class Joined extends RuntimeException {

  private static final long serialVersionUID = 1;

  final transient Flights.Flight flight;

  /** Why GitHub would have been asked, in the words of RFC 9211. */
  final String reason;

  Joined(Flights.Flight flight, String reason) {
    super("collapsed", null, false, false);
    this.flight = flight;
    this.reason = reason;
  }
}
