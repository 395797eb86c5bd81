package io.github.camelrestcache.catalog;

import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * A condition on a field of an item, such as {@code fork=false} or {@code language!=Java}.
 *
 * @param isEqual false for {@code !=}
 * @param value the text of a string, number or boolean as GitHub sends it; {@code null} stands for
 *     a field that is null or missing
 */
public record Condition(String field, boolean isEqual, String value) {

  static final String FIELD = "[^\\s.,=!]+(\\.[^\\s.,=!]+)*";
  private static final String ONE = "\\s*(" + FIELD + ")\\s*(!?=)((?!=)[^,]*)";

  /** Conditions with commas between them, or an empty string. */
  static final String ALL = "|" + ONE + "(," + ONE + ")*";

  /** Parses a text of the form {@link #ALL}. */
  static List<Condition> all(String conditions) {
    return Pattern.compile(ONE).matcher(conditions).results().map(Condition::of).toList();
  }

  private static Condition of(MatchResult one) {
    return new Condition(one.group(1), one.group(3).equals("="), one.group(4).strip());
  }

  /** Whether a value meets the condition; null is that of a field that is null or missing. */
  public boolean isMetBy(String text) {
    return isEqual == (value.equals("null") ? text == null : value.equals(text));
  }

  @Override
  public String toString() {
    return field + (isEqual ? "=" : "!=") + value;
  }
}
