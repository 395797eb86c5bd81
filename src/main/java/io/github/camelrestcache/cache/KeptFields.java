package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.HttpDates;
import java.time.Instant;
import java.util.List;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpMessage;

/**
 * The fields of an answer that the caching client sees in another form than they came in. They are
 * kept beside it, in the stored entry too, and given back to the client as they came.
 */
final class KeptFields {

  /** {@code Content-Type} for the library fails at those with unknown charsets. */
  private static final List<String> NAMES =
      List.of("Cache-Control", "Expires", "Date", "Content-Type");

  /** No field of this prefix passes from GitHub to a client. */
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

  /** RFC 9110 6.6.1. What the library adds where there is none is no date of HTTP's. */
  private static void addDate(HttpMessage response) {
    Header date = response.getFirstHeader("Date");
    if (date == null || date.getValue().matches("\\d{4}-\\d\\d-\\d\\dT\\S+Z")) {
      response.setHeader("Date", HttpDates.format(Instant.now()));
    }
  }

  /**
   * Brings the fields back.
   *
   * @param stored whether the answer's age is the cache's to say
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

  /** The field as it came, or null. */
  static Header kept(HttpMessage response, String name) {
    return response.getFirstHeader(PREFIX + name);
  }
}
