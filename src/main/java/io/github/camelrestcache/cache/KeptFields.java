package io.github.camelrestcache.cache;

import io.github.camelrestcache.http.HttpDates;
import java.time.Instant;
import java.util.List;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpMessage;

/**
 * The fields of an answer that the caching client sees in another form than they came in. They are
 * kept beside it, in the stored entry too, and given back to the client as they came.
 */
final class KeptFields {

  /** {@code Content-Type} for it fails at those with unknown charsets. */
  private static final List<String> NAMES =
      List.of("Cache-Control", "Expires", "Date", "Content-Type");

  /** No field of this prefix passes from GitHub to a client. */
  private static final String PREFIX = "camel-kept-";

  private KeptFields() {}

  /** Puts the fields aside. */
  static void keep(HttpMessage response) {
    for (String name : NAMES) {
      response.removeHeaders(PREFIX + name);
      for (Header header : response.getHeaders(name)) {
        response.addHeader(PREFIX + name, header.getValue());
      }
    }
    response.removeHeaders("Content-Type");
    if (!response.containsHeader("Date")) {
      // RFC 9110 6.6.1: who receives an answer without Date adds one
      response.addHeader(PREFIX + "Date", HttpDates.format(Instant.now()));
    }
  }

  /** Brings the fields back. */
  static void restore(HttpMessage response) {
    for (String name : NAMES) {
      response.removeHeaders(name);
      for (Header header : response.getHeaders(PREFIX + name)) {
        response.addHeader(name, header.getValue());
      }
      response.removeHeaders(PREFIX + name);
    }
  }
}
