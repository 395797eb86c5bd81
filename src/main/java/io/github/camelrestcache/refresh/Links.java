package io.github.camelrestcache.refresh;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the Link header field (RFC 8288). */
final class Links {

  private static final Pattern LINK =
      Pattern.compile(
          "<([^>]*)>((?:\\s*;\\s*[^\\s=;,]+\\s*(?:=\\s*(?:\"[^\"]*\"|[^\\s;,\"]*))?)*)");
  private static final Pattern NEXT =
      Pattern.compile(
          ";\\s*rel\\s*=\\s*\"?(?:[^\";,]*\\s)?next(?:\\s[^\";,]*)?\"?\\s*(?:;|$)",
          Pattern.CASE_INSENSITIVE);

  private Links() {}

  /** The target of the link with the relation {@code next}, or null. */
  static String next(String field) {
    if (field != null) {
      Matcher link = LINK.matcher(field);
      while (link.find()) {
        if (NEXT.matcher(link.group(2)).find()) {
          return link.group(1);
        }
      }
    }
    return null;
  }
}
