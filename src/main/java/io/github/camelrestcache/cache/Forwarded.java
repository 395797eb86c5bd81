package io.github.camelrestcache.cache;

import io.github.camelrestcache.cache.Flights.Flight;
import java.io.IOException;
import org.apache.hc.core5.http.protocol.HttpContext;

/** What the cache asked GitHub on behalf of a request, noted in the context of that request. */
final class Forwarded {

  /** Why GitHub is asked, in the words of RFC 9211. */
  final String reason;

  /** The flight that the request leads, or null. */
  final Flight flight;

  /** The status of GitHub's answer, 0 without one. */
  int status;

  /** Why there is no answer, or null. */
  IOException failure;

  /** The status with which GitHub limits, of which the caching client is told as a 503, or 0. */
  int refusedForNow;

  /** Whether GitHub has refused because of a limit. */
  boolean limited;

  /** Whether GitHub was not asked after all, for it has said what it would answer. */
  boolean heldBack;

  private Forwarded(String reason, Flight flight) {
    this.reason = reason;
    this.flight = flight;
  }

  /** Notes that GitHub is asked, and why. */
  static Forwarded note(HttpContext context, String reason, Flight flight) {
    Forwarded forwarded = new Forwarded(reason, flight);
    context.setAttribute(Forwarded.class.getName(), forwarded);
    return forwarded;
  }

  /** What was asked, or null when nothing was. */
  static Forwarded in(HttpContext context) {
    return (Forwarded) context.getAttribute(Forwarded.class.getName());
  }
}
