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

  /** Numbers sort before strings, strings before booleans. */
  private static final List<Class<?>> KINDS =
      List.of(BigDecimal.class, String.class, Boolean.class);

  /**
   * An item.
   *
   * @param value a number, a string, a boolean or null
   * @param json the value as sent, unless it is a string
   */
  private record Row(String label, Comparable<?> value, String json) {

    /** Compares two values that are not null. */
    @SuppressWarnings("unchecked")
    static int compare(Comparable<?> a, Comparable<?> b) {
      return a.getClass() == b.getClass()
          ? ((Comparable<Object>) a).compareTo(b)
          : KINDS.indexOf(a.getClass()) - KINDS.indexOf(b.getClass());
    }
  }

  private static final Comparator<Row> BOTTOM = order(Row::compare);
  private static final Comparator<Row> TOP = order((a, b) -> Row.compare(b, a));

  private final Map<String, String> failures = new ConcurrentHashMap<>();

  /**
   * Ranks a list in both orders: by value, then by label. Items without the field come last in both
   * orders.
   *
   * @throws Problem 503 with the reason if the list cannot be ranked
   */
  public Ranked rank(@Variable("view") View view, @Body Entry list) {
    if (list == null) {
      throw failed(view, "the list is not stored, try again after its next refresh");
    }
    try {
      List<Row> rows = rows(view, list);
      rows.sort(TOP);
      byte[] top = lines(rows);
      rows.sort(BOTTOM);
      failures.remove(view.name());
      return new Ranked(view.stamp(list.version()), top, lines(rows));
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

  private static Comparator<Row> order(Comparator<Comparable<?>> values) {
    return Comparator.comparing(Row::value, Comparator.nullsLast(values)).thenComparing(Row::label);
  }

  private List<Row> rows(View view, Entry list) throws IOException {
    List<Row> rows = new ArrayList<>();
    try (JsonParser parser = JSON.createParser(list.content())) {
      parser.nextToken();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
          throw failed(view, "its items are not objects");
        }
        rows.add(row(view, parser));
      }
    }
    return rows;
  }

  private Row row(View view, JsonParser parser) throws IOException {
    String label = null;
    Comparable<?> value = null;
    String json = "null";
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      JsonToken token = parser.nextToken();
      boolean isValue = token.isScalarValue() && token != JsonToken.VALUE_NULL;
      if (isValue && field.equals(view.label())) {
        label = parser.getText();
      }
      if (field.equals(view.field())) {
        value = isValue ? value(view, parser) : null;
        json = isValue ? parser.getText() : "null";
      }
      parser.skipChildren();
    }
    if (label == null) {
      throw failed(view, "an item has no '%s': set label to another field".formatted(view.label()));
    }
    return new Row(label, value, json);
  }

  private Comparable<?> value(View view, JsonParser parser) throws IOException {
    try {
      return switch (parser.currentToken()) {
        case VALUE_STRING -> parser.getText();
        case VALUE_TRUE, VALUE_FALSE -> parser.getBooleanValue();
        default -> parser.getDecimalValue();
      };
    } catch (NumberFormatException | StreamReadException e) {
      throw failed(view, "the number %s cannot be compared".formatted(parser.getText()));
    }
  }

  private static byte[] lines(List<Row> rows) throws IOException {
    ByteArrayOutputStream lines = new ByteArrayOutputStream();
    for (Row row : rows) {
      try (JsonGenerator json = JSON.createGenerator(lines)) {
        json.writeStartArray();
        json.writeString(row.label());
        if (row.value() instanceof String text) {
          json.writeString(text);
        } else {
          json.writeRawValue(row.json());
        }
        json.writeEndArray();
      }
      lines.write('\n');
    }
    return lines.toByteArray();
  }

  /** Remembers why a view cannot be ranked. */
  private Problem failed(View view, String reason) {
    String sentence =
        "The view '%s' cannot rank %s: %s".formatted(view.name(), view.list(), reason);
    failures.put(view.name(), sentence);
    return new Problem(503, "View not ready", sentence);
  }
}
