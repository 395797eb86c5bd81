package io.github.camelrestcache.base;

import java.time.Instant;
import java.util.regex.Pattern;

/** The conditions of a GET or HEAD (RFC 9110 13.1.2, 13.1.3), in their order (13.2.2). */
public final class Conditions {

  /** Without the W/ of a weak one: the comparison is the weak one (RFC 9110 8.8.3.2). */
  private static final Pattern ENTITY_TAG = Pattern.compile("\"[^\"]*\"");

  private Conditions() {}

  /**
   * Whether the client has what it asks for, so that 304 says it all.
   *
   * @param entityTag of what would be answered, or null
   * @param lastModified when that was modified last, or null if nobody knows
   */
  public static boolean isNotModified(HttpFields request, String entityTag, Instant lastModified) {
    String tags = request.get("If-None-Match");
    if (tags != null) {
      if (tags.equals(entityTag)) {
        return true;
      }
      String opaque = entityTag == null ? "" : entityTag.replaceFirst("^W/", "");
      return tags.strip().equals("*")
          || ENTITY_TAG.matcher(tags).results().anyMatch(tag -> tag.group().equals(opaque));
    }
    String since = request.get("If-Modified-Since");
    Instant seen = since == null ? null : HttpDates.parse(since);
    return seen != null && lastModified != null && !lastModified.isAfter(seen);
  }
}
