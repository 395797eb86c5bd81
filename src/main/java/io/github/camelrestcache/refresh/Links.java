package io.github.camelrestcache.refresh;

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
    if (field != null) {
      Matcher link = LINK.matcher(field);
      while (link.find()) {
        if (isNext(link.group(2))) {
          return link.group(1);
        }
      }
    }
    return null;
  }

  /** Whether the first {@code rel} among these parameters contains {@code next}. */
  private static boolean isNext(String parameters) {
    Matcher parameter = PARAMETERS.matcher(parameters);
    while (parameter.find()) {
      if (parameter.group(1).equalsIgnoreCase("rel")) {
        String value = parameter.group(2) == null ? parameter.group(3) : parameter.group(2);
        return value != null
            && (" " + value.toLowerCase(Locale.ROOT).replaceAll("\\s+", " ") + " ")
                .contains(" next ");
      }
    }
    return false;
  }
}
