package io.github.camelrestcache.cache;

import io.github.camelrestcache.cache.Flights.Flight;
import java.io.IOException;

/** What the cache asked GitHub for a request. */
final class Forwarded {

  /** Why GitHub was asked, a {@code fwd} value of RFC 9211; null if it was not. */
  String reason;

  /** The flight that the request leads, or null. */
  Flight flight;

  /** The status of GitHub's answer, 0 without one. */
  int status;

  /** Why there is no answer, or null. */
  IOException failure;

  /** The status of GitHub's limit, which the caching client sees as a 503, or 0. */
  int refusedForNow;

  /** Whether GitHub was not asked after all, because a refusal is in force. */
  boolean heldBack;

  /** Whether its scope has changed since the stored answer, which must not stand in then. */
  boolean outdated;

  /** The directives of the stored answer and those that the library was shown in place, or null. */
  String storedDirectives;

  String shownDirectives;

  /** Whether Redis did not store the answer, which the library does not report. */
  boolean lost;
}
