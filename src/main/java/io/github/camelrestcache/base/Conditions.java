package io.github.camelrestcache.base;

import java.time.Instant;
import java.util.regex.Pattern;

/** Evaluates the conditions of GET and HEAD (RFC 9110 13.1.2, 13.1.3) in order (13.2.2). */
public final class Conditions {

  /** Ignores {@code W/}, as weak comparison does (RFC 9110 8.8.3.2). */
  private static final Pattern ENTITY_TAG = Pattern.compile("\"[^\"]*\"");

  private Conditions() {}

  /**
   * Whether the client's copy is current, so that the answer is 304.
   *
   * @param entityTag the current entity tag, or null
   * @param lastModified the current {@code Last-Modified}, or the date that replaces it, or null
   */
  public static boolean isNotModified(HttpFields request, String entityTag, String lastModified) {
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
    Instant modified = seen == null || lastModified == null ? null : HttpDates.parse(lastModified);
    return modified != null && !modified.isAfter(seen);
  }
}
