package io.github.camelrestcache.cache;

import java.io.IOException;
import org.apache.hc.core5.http.protocol.HttpContext;

/** What the cache asked GitHub on behalf of a request, noted in the context of that request. */
final class Forwarded {

  private final String reason;
  private Flights.Flight flight;
  private int status;
  private IOException failure;
  private int refusedForNow;
  private boolean limited;
  private boolean heldBack;

  private Forwarded(String reason) {
    this.reason = reason;
  }

  /** Notes that GitHub is asked, and why, in the words of RFC 9211. */
  static Forwarded note(HttpContext context, String reason) {
    Forwarded forwarded = new Forwarded(reason);
    context.setAttribute(Forwarded.class.getName(), forwarded);
    return forwarded;
  }

  /** What was asked, or null when nothing was. */
  static Forwarded in(HttpContext context) {
    return (Forwarded) context.getAttribute(Forwarded.class.getName());
  }

  String reason() {
    return reason;
  }

  /** The flight that the request leads, or null. */
  Flights.Flight flight() {
    return flight;
  }

  void lead(Flights.Flight flight) {
    this.flight = flight;
  }

  /** The status of GitHub's answer, 0 without one. */
  int status() {
    return status;
  }

  void answered(int status) {
    this.status = status;
  }

  /** Why there is no answer, or null. */
  IOException failure() {
    return failure;
  }

  void failed(IOException failure) {
    this.failure = failure;
  }

  /** The status with which GitHub limits, of which the caching client is told as a 503, or 0. */
  int refusedForNow() {
    return refusedForNow;
  }

  void refuseForNow(int status) {
    this.refusedForNow = status;
  }

  /** Whether GitHub limits, or has said that it would. */
  boolean isLimited() {
    return limited || heldBack;
  }

  void limited() {
    this.limited = true;
  }

  /** Whether GitHub was not asked after all, for it has said what it would answer. */
  boolean isHeldBack() {
    return heldBack;
  }

  void holdBack() {
    this.heldBack = true;
  }
}
