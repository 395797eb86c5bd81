package io.github.camelrestcache.base;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Quality values (RFC 9110 12.4.2). */
public final class Weights {

  private static final Pattern Q = Pattern.compile(";\\s*q=([^;]*)");
  private static final Pattern WEIGHT = Pattern.compile("(0(\\.\\d{0,3})?|1(\\.0{0,3})?)\\s*");

  private Weights() {}

  /** The members of a list in lower case, without their parameters, with their weights. */
  public static Map<String, Double> of(String field) {
    Map<String, Double> weights = new HashMap<>();
    for (String member : field.toLowerCase(Locale.ROOT).split(",")) {
      if (!member.isBlank()) {
        weights.merge(member.split(";", 2)[0].strip(), weight(member), Math::min);
      }
    }
    return weights;
  }

  /** The weight of a member in lower case; an invalid weight counts as 0. */
  static double weight(String member) {
    Matcher q = Q.matcher(member);
    if (!q.find()) {
      return 1;
    }
    return WEIGHT.matcher(q.group(1)).matches() ? Double.parseDouble(q.group(1)) : 0;
  }
}
