package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.HttpDates;
import java.time.Instant;
import java.util.List;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpMessage;
import org.apache.hc.core5.http.MessageHeaders;

/**
 * Fields that the caching client sees in another form than they arrived in. The originals are kept
 * beside them, also in the stored entry, and restored for the client.
 */
final class KeptFields {

  /** The library fails on a {@code Content-Type} with an unknown charset. */
  private static final List<String> NAMES =
      List.of("Cache-Control", "Expires", "Date", "Content-Type", "Age");

  /** GitHub's own fields with this prefix do not reach clients. */
  private static final String PREFIX = "camel-kept-";

  /** The {@linkplain Scopes mark} of the time when GitHub was asked. */
  static final String MARK = PREFIX + "mark";

  private KeptFields() {}

  /** Puts the fields aside. */
  static void keep(HttpMessage response) {
    // RFC 9110 6.6.1 requires a Date; the one that the library adds is invalid
    if (time(response, "Date") == null) {
      response.setHeader("Date", HttpDates.format(Instant.now()));
    }
    NAMES.forEach(name -> move(response, name, PREFIX + name));
  }

  /**
   * Restores the fields.
   *
   * @param stored whether the cache determines the age of the answer
   */
  static void restore(HttpMessage response, boolean stored) {
    if (stored) {
      move(response, "Age", PREFIX + "Age"); // instead of the original
    }
    NAMES.forEach(name -> move(response, PREFIX + name, name));
    response.removeHeaders(MARK);
  }

  private static void move(HttpMessage message, String from, String to) {
    message.removeHeaders(to);
    for (Header header : message.getHeaders(from)) {
      message.addHeader(to, header.getValue());
    }
    message.removeHeaders(from);
  }

  /** Whether GitHub sent the field. */
  static boolean isKept(HttpMessage response, String name) {
    return response.containsHeader(PREFIX + name);
  }

  /** The first value of a field, or null. */
  static String value(MessageHeaders message, String name) {
    Header header = message.getFirstHeader(name);
    return header == null ? null : header.getValue();
  }

  /** The time in a field, or null if the field is absent or invalid. */
  static Instant time(MessageHeaders message, String name) {
    String value = value(message, name);
    return value == null ? null : HttpDates.parse(value);
  }
}
