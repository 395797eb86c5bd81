package io.github.camelrestcache.http;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.regex.Pattern;
import org.apache.hc.client5.http.utils.DateUtils;

/** The conditions of a GET or HEAD (RFC 9110 13.1.2, 13.1.3), in their order (13.2.2). */
final class Conditions {

  /** Without the W/ of a weak one: the comparison is the weak one (RFC 9110 8.8.3.2). */
  private static final Pattern ENTITY_TAG = Pattern.compile("\"[^\"]*\"");

  /** The third form of a date (RFC 9110 5.6.7), which {@link DateUtils} does not read. */
  private static final DateTimeFormatter ASCTIME =
      DateTimeFormatter.ofPattern("EEE MMM ppd HH:mm:ss yyyy", Locale.US).withZone(ZoneOffset.UTC);

  private Conditions() {}

  /** Whether the client has what it asks for, so that 304 says it all. */
  static boolean isNotModified(HttpFields request, String entityTag, Instant lastModified) {
    String tags = request.get("If-None-Match");
    if (tags != null) {
      return tags.strip().equals("*")
          || ENTITY_TAG.matcher(tags).results().anyMatch(tag -> tag.group().equals(entityTag));
    }
    String since = request.get("If-Modified-Since");
    Instant seen =
        since == null
            ? null
            : DateUtils.parseDate(
                since, DateUtils.FORMATTER_RFC1123, DateUtils.FORMATTER_RFC1036, ASCTIME);
    return seen != null && !lastModified.isAfter(seen);
  }
}
