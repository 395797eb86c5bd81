package io.github.camelrestcache.cache;

import io.github.camelrestcache.http.HttpFields;
import java.time.Instant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.message.BasicClassicHttpResponse;

/** A client's conditions, met by a stored answer (RFC 9110 13.1.2, 13.1.3). */
final class Conditions {

  private static final Pattern TAG = Pattern.compile("(?:W/)?(\"[^\"]*\"|[^\\s,\"]+)");

  private Conditions() {}

  static boolean notModified(HttpFields request, ClassicHttpResponse response) {
    if (response.getCode() != 200) {
      return false;
    }
    Header tag = response.getFirstHeader("ETag");
    String tags = request.get("If-None-Match");
    if (tags != null) {
      return tags.strip().equals("*") || tag != null && contains(tags, tag.getValue());
    }
    // RFC 9111 4.3.2: without one, the time of the answer stands for it
    Header modified =
        response.getFirstHeader(
            response.containsHeader("Last-Modified") ? "Last-Modified" : "Date");
    String since = request.get("If-Modified-Since");
    Instant bound = since == null ? null : HttpDates.parse(since);
    Instant changed = modified == null ? null : HttpDates.parse(modified.getValue());
    return bound != null && changed != null && !changed.isAfter(bound);
  }

  private static boolean contains(String tags, String tag) {
    Matcher each = TAG.matcher(tags);
    while (each.find()) {
      if (each.group(1).equals(tag.replaceFirst("^W/", ""))) {
        return true;
      }
    }
    return false;
  }

  /** RFC 9110 15.4.5: without the fields of the content. */
  static ClassicHttpResponse notModified(ClassicHttpResponse response) {
    ClassicHttpResponse notModified = new BasicClassicHttpResponse(304);
    for (Header header : response.getHeaders()) {
      String name = header.getName().toLowerCase(java.util.Locale.ROOT);
      if (!name.startsWith("content-") || name.equals("content-location")) {
        notModified.addHeader(header);
      }
    }
    return notModified;
  }
}
