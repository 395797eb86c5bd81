package io.github.camelrestcache.cache;

import io.github.camelrestcache.cache.Flights.Flight;
import java.io.IOException;
import org.apache.hc.core5.http.protocol.HttpContext;

/** What the cache asked GitHub for a request, stored in the context of that request. */
final class Forwarded {

  /** Why GitHub is asked, a {@code fwd} value of RFC 9211. */
  final String reason;

  /** The flight that the request leads, or null. */
  final Flight flight;

  /** The status of GitHub's answer, 0 without one. */
  int status;

  /** Why there is no answer, or null. */
  IOException failure;

  /** The status of GitHub's limit, which the caching client sees as a 503, or 0. */
  int refusedForNow;

  /** Whether GitHub refused because of a limit. */
  boolean limited;

  /** Whether GitHub was not asked, because a refusal is in force. */
  boolean heldBack;

  private Forwarded(String reason, Flight flight) {
    this.reason = reason;
    this.flight = flight;
  }

  static Forwarded note(HttpContext context, String reason, Flight flight) {
    Forwarded forwarded = new Forwarded(reason, flight);
    context.setAttribute(Forwarded.class.getName(), forwarded);
    return forwarded;
  }

  /** The note in a context, or null if GitHub was not asked. */
  static Forwarded in(HttpContext context) {
    return (Forwarded) context.getAttribute(Forwarded.class.getName());
  }
}
