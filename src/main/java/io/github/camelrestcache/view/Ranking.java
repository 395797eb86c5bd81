package io.github.camelrestcache.view;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.exc.StreamReadException;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.catalog.View;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Ranked;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.camel.Body;
import org.apache.camel.Variable;

/** Ranks the items of a cached list by a field. */
public final class Ranking {

  private static final JsonFactory JSON = new JsonFactory();

  /** An item: its label, and its value as a number, string, boolean or null. */
  private record Row(String label, Object value, String number) {

    /** Numbers sort before strings, strings before booleans. Never called for null. */
    int kind() {
      return value instanceof BigDecimal ? 0 : value instanceof String ? 1 : 2;
    }
  }

  private static final Comparator<Row> BY_LABEL = Comparator.comparing(Row::label);
  private static final Comparator<Row> MISSING_LAST =
      Comparator.comparing(row -> row.value() == null);
  private static final Comparator<Row> BOTTOM =
      MISSING_LAST.thenComparing(Ranking::byValue).thenComparing(BY_LABEL);
  private static final Comparator<Row> TOP =
      MISSING_LAST.thenComparing((a, b) -> byValue(b, a)).thenComparing(BY_LABEL);

  private final Map<String, String> failures = new ConcurrentHashMap<>();

  /**
   * Ranks a list in both orders: by value, then by label. Items without the field come last in both
   * orders.
   *
   * @throws Problem 503 with the reason if the list cannot be ranked
   */
  public Ranked rank(@Variable("view") View view, @Body Entry list) {
    try {
      failures.remove(view.name());
      if (list == null) {
        throw unrankable(view, "the list is not stored, try again after its next refresh");
      }
      List<Row> rows = rows(view, list);
      rows.sort(TOP);
      byte[] top = lines(rows);
      rows.sort(BOTTOM);
      return new Ranked(view.stamp(list.version()), top, lines(rows));
    } catch (Problem problem) {
      failures.put(view.name(), problem.getMessage());
      throw problem;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether the ranking is missing, or not of the stored version of the list. */
  public boolean isOutdated(
      @Variable("view") View view, @Variable("stored") Entry list, @Body Ranked ranked) {
    return ranked == null || list == null || !ranked.stamp().equals(view.stamp(list.version()));
  }

  /** The reason why the last ranking of this view failed, one sentence, or null. */
  public String failure(View view) {
    return failures.get(view.name());
  }

  private static List<Row> rows(View view, Entry list) throws IOException {
    List<Row> rows = new ArrayList<>();
    try (JsonParser parser = JSON.createParser(list.content())) {
      parser.nextToken();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
          throw unrankable(view, "its items are not objects");
        }
        rows.add(row(view, parser));
      }
    }
    return rows;
  }

  private static Row row(View view, JsonParser parser) throws IOException {
    String label = null;
    Object value = null;
    String number = null;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      JsonToken token = parser.nextToken();
      if (field.equals(view.label()) && token.isScalarValue() && token != JsonToken.VALUE_NULL) {
        label = parser.getText();
      }
      if (field.equals(view.field())) {
        value = value(view, parser, token);
        number = token.isNumeric() ? parser.getText() : null;
      }
      parser.skipChildren();
    }
    if (label == null) {
      throw unrankable(
          view, "an item has no '%s': set label to another field".formatted(view.label()));
    }
    return new Row(label, value, number);
  }

  private static Object value(View view, JsonParser parser, JsonToken token) throws IOException {
    return switch (token) {
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> decimal(view, parser);
      case VALUE_STRING -> parser.getText();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> null;
    };
  }

  private static BigDecimal decimal(View view, JsonParser parser) throws IOException {
    try {
      return parser.getDecimalValue();
    } catch (NumberFormatException | StreamReadException e) {
      throw unrankable(view, "the number %s cannot be compared".formatted(parser.getText()));
    }
  }

  private static int byValue(Row a, Row b) {
    if (a.value() == null || b.value() == null) {
      return 0;
    }
    if (a.kind() != b.kind()) {
      return Integer.compare(a.kind(), b.kind());
    }
    return switch (a.kind()) {
      case 0 -> ((BigDecimal) a.value()).compareTo((BigDecimal) b.value());
      case 1 -> ((String) a.value()).compareTo((String) b.value());
      default -> Boolean.compare((Boolean) a.value(), (Boolean) b.value());
    };
  }

  private static byte[] lines(List<Row> rows) throws IOException {
    ByteArrayOutputStream lines = new ByteArrayOutputStream();
    for (Row row : rows) {
      try (JsonGenerator json = JSON.createGenerator(lines)) {
        json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
        json.writeStartArray();
        json.writeString(row.label());
        if (row.number() != null) {
          json.writeNumber(row.number());
        } else if (row.value() instanceof Boolean truth) {
          json.writeBoolean(truth);
        } else {
          json.writeString((String) row.value());
        }
        json.writeEndArray();
      }
      lines.write('\n');
    }
    return lines.toByteArray();
  }

  private static Problem unrankable(View view, String reason) {
    return new Problem(
        503,
        "View not ready",
        "The view '%s' cannot rank %s: %s".formatted(view.name(), view.list(), reason));
  }
}
