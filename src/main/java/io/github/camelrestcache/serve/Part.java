package io.github.camelrestcache.serve;

import io.github.camelrestcache.base.HttpFields;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One range of a content (RFC 9110 14.2).
 *
 * @param status 206, or 416 if the content has no such range
 * @param range the value of {@code Content-Range}
 */
record Part(int status, String range, Content content) {

  private static final Pattern ONE = Pattern.compile("(?i)bytes=\\s*(\\d{0,9})-(\\d{0,9})\\s*");

  /** The range that a request wants; null for all of it, and if it wants several. */
  static Part of(HttpFields request, String entityTag, String lastModified, Content whole) {
    String wanted = request.get("Range");
    Matcher one = wanted == null ? null : ONE.matcher(wanted);
    if (one == null
        || !one.matches()
        || one.group(1).isEmpty() && one.group(2).isEmpty()
        || !isUnchanged(request.get("If-Range"), entityTag, lastModified)) {
      return null;
    }
    int length = whole.size();
    int last = one.group(2).isEmpty() ? length - 1 : Integer.parseInt(one.group(2));
    int from = one.group(1).isEmpty() ? Math.max(0, length - last) : Integer.parseInt(one.group(1));
    int to = one.group(1).isEmpty() ? length - 1 : Math.min(last, length - 1);
    if (from > last && !one.group(1).isEmpty() && !one.group(2).isEmpty()) {
      return null; // invalid, so ignored
    }
    return from > to
        ? new Part(416, "bytes */" + length, Content.of(new byte[0]))
        : new Part(
            206,
            "bytes %d-%d/%d".formatted(from, to, length),
            Content.of(whole.buffer().getBytes(from, to + 1)));
  }

  /** RFC 9110 13.1.5: the strong comparison, or the exact date. */
  private static boolean isUnchanged(String validator, String entityTag, String lastModified) {
    return validator == null
        || !validator.startsWith("W/")
            && validator.equals(validator.contains("\"") ? entityTag : lastModified);
  }
}
