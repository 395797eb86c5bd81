package io.github.camelrestcache.refresh;

import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the Link header field (RFC 8288 3). */
final class Links {

  private static final String PARAMETER =
      ";\\s*([^\\s=;,]+)\\s*(?:=\\s*(?:\"((?:[^\"\\\\]|\\\\.)*)\"|([^\\s;,\"]*)))?\\s*";
  private static final Pattern LINK = Pattern.compile("<([^>]*)>\\s*((?:" + PARAMETER + ")*)");
  private static final Pattern PARAMETERS = Pattern.compile(PARAMETER);

  private Links() {}

  /** The target of the first link with the relation {@code next}, or null. */
  static String next(String field) {
    Matcher link = LINK.matcher(field == null ? "" : field);
    while (link.find()) {
      if (isNext(link.group(2))) {
        return link.group(1);
      }
    }
    return null;
  }

  /** Whether the first {@code rel} among these parameters contains {@code next}. */
  private static boolean isNext(String parameters) {
    return PARAMETERS
        .matcher(parameters)
        .results()
        .filter(each -> each.group(1).equalsIgnoreCase("rel"))
        .findFirst()
        .map(rel -> rel.group(2) == null ? rel.group(3) : rel.group(2))
        .filter(value -> List.of(value.toLowerCase(Locale.ROOT).split("\\s+")).contains("next"))
        .isPresent();
  }
}
