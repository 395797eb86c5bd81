package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.HttpDates;
import java.time.Instant;
import java.util.List;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpMessage;

/**
 * Fields that the caching client sees in another form than they arrived in. The originals are kept
 * beside them, also in the stored entry, and restored for the client.
 */
final class KeptFields {

  /** The library fails on a {@code Content-Type} with an unknown charset. */
  private static final List<String> NAMES =
      List.of("Cache-Control", "Expires", "Date", "Content-Type");

  /** GitHub's own fields with this prefix do not reach clients. */
  private static final String PREFIX = "camel-kept-";

  private KeptFields() {}

  /** Puts the fields aside. */
  static void keep(HttpMessage response) {
    addDate(response);
    for (String name : NAMES) {
      keep(response, name);
    }
    keep(response, "Age");
  }

  private static void keep(HttpMessage response, String name) {
    response.removeHeaders(PREFIX + name);
    for (Header header : response.getHeaders(name)) {
      response.addHeader(PREFIX + name, header.getValue());
    }
    response.removeHeaders(name);
  }

  /** Adds a missing Date (RFC 9110 6.6.1); the one that the library adds is no HTTP date. */
  private static void addDate(HttpMessage response) {
    Header date = response.getFirstHeader("Date");
    if (date == null || date.getValue().matches("\\d{4}-\\d\\d-\\d\\dT\\S+Z")) {
      response.setHeader("Date", HttpDates.format(Instant.now()));
    }
  }

  /**
   * Restores the fields.
   *
   * @param stored whether the cache determines the age of the answer
   */
  static void restore(HttpMessage response, boolean stored) {
    for (String name : NAMES) {
      restore(response, name);
    }
    if (stored) {
      response.removeHeaders(PREFIX + "Age");
    } else {
      restore(response, "Age");
    }
  }

  private static void restore(HttpMessage response, String name) {
    response.removeHeaders(name);
    for (Header header : response.getHeaders(PREFIX + name)) {
      response.addHeader(name, header.getValue());
    }
    response.removeHeaders(PREFIX + name);
  }

  /** The original field, or null. */
  static Header kept(HttpMessage response, String name) {
    return response.getFirstHeader(PREFIX + name);
  }
}
