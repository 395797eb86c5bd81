package io.github.camelrestcache.view;

import io.github.camelrestcache.catalog.View.Measure;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * A row of a view.
 *
 * @param value a number, a string, a boolean or null
 * @param json the row as a JSON array
 */
record Row(String label, Comparable<?> value, String json) {

  static final Comparator<Row> BOTTOM = order(Value::compare);
  static final Comparator<Row> TOP = order((a, b) -> Value.compare(b, a));

  /** Larger or smaller numbers would take up much memory when they are added. */
  private static final int MAX_DIGITS = 1000;

  private static Comparator<Row> order(Comparator<Comparable<?>> values) {
    return Comparator.comparing(Row::value, Comparator.nullsLast(values)).thenComparing(Row::label);
  }

  /** The row of an item, with more values, of which null stands for none. */
  static Row of(String label, Value value, List<Value> more) {
    StringBuilder json = new StringBuilder("[").append(Value.quoted(label));
    json.append(',').append(Value.json(value));
    more.forEach(each -> json.append(',').append(Value.json(each)));
    return new Row(label, value == null ? null : value.comparable(), json.append(']').toString());
  }

  /**
   * The rows of groups.
   *
   * @param groups by label, the values of the measured field, or one for each item
   * @throws IllegalArgumentException with the reason if values cannot be added
   */
  static List<Row> of(Measure measure, Map<String, List<Comparable<?>>> groups) {
    List<Row> rows = new ArrayList<>();
    groups.forEach(
        (label, values) -> {
          Comparable<?> figure = figure(measure, values);
          String json = figure instanceof String text ? Value.quoted(text) : "" + figure;
          rows.add(new Row(label, figure, "[" + Value.quoted(label) + "," + json + "]"));
        });
    return rows;
  }

  /** The figure of one group: null without values, and an average with two decimals at most. */
  private static Comparable<?> figure(Measure measure, List<Comparable<?>> values) {
    BigDecimal count = BigDecimal.valueOf(values.size());
    if (measure == Measure.COUNT) {
      return count;
    }
    if (values.isEmpty() || measure == Measure.MAX) {
      return values.stream().max(Value::compare).orElse(null);
    }
    BigDecimal sum = values.stream().map(Row::addend).reduce(BigDecimal.ZERO, BigDecimal::add);
    if (measure == Measure.SUM) {
      return sum;
    }
    BigDecimal average = sum.divide(count, 2, RoundingMode.HALF_UP).stripTrailingZeros();
    return average.scale() < 0 ? average.setScale(0) : average;
  }

  private static BigDecimal addend(Comparable<?> value) {
    if (value instanceof BigDecimal number && Math.abs(number.scale()) <= MAX_DIGITS) {
      return number;
    }
    throw new IllegalArgumentException("the value %.50s cannot be added".formatted(value));
  }
}
