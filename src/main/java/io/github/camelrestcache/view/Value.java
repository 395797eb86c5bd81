package io.github.camelrestcache.view;

import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.math.BigDecimal;
import java.util.List;

/**
 * A value of an item, as sent.
 *
 * @param text without quotation marks; of an object or an array its first character
 */
record Value(JsonToken kind, String text) {

  /** Jackson's limit too: converting a longer number takes too long. */
  private static final int LONGEST_NUMBER = 1000;

  /** Numbers sort before strings, strings before booleans. */
  private static final List<Class<?>> KINDS =
      List.of(BigDecimal.class, String.class, Boolean.class);

  /**
   * The value to compare: a number, a string or a boolean.
   *
   * @throws IllegalArgumentException with the reason if the number cannot be compared
   */
  Comparable<?> comparable() {
    switch (kind) {
      case VALUE_STRING:
        return text;
      case VALUE_TRUE, VALUE_FALSE:
        return kind == JsonToken.VALUE_TRUE;
      default:
        try {
          if (text.length() <= LONGEST_NUMBER) {
            return new BigDecimal(text);
          }
        } catch (NumberFormatException e) {
          // its exponent is too large
        }
        throw new IllegalArgumentException("the number %.50s cannot be compared".formatted(text));
    }
  }

  /** The JSON of a value, which may be null. */
  static String json(Value value) {
    return value == null
        ? "null"
        : value.kind == JsonToken.VALUE_STRING ? quoted(value.text) : value.text;
  }

  static String quoted(String text) {
    StringBuilder json = new StringBuilder(text.length() + 2).append('"');
    JsonStringEncoder.getInstance().quoteAsString(text, json);
    return json.append('"').toString();
  }

  /** Compares two values that are not null. */
  @SuppressWarnings("unchecked")
  static int compare(Comparable<?> a, Comparable<?> b) {
    return a.getClass() == b.getClass()
        ? ((Comparable<Object>) a).compareTo(b)
        : KINDS.indexOf(a.getClass()) - KINDS.indexOf(b.getClass());
  }
}
