package io.github.camelrestcache.view;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.github.camelrestcache.catalog.Condition;
import io.github.camelrestcache.store.Entry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Some fields of all items of a list, read once for all views of it. */
final class Items {

  private static final JsonFactory JSON = new JsonFactory();

  /** By field, and by the objects around nested fields. */
  private final Map<String, Integer> columns = new HashMap<>();

  private final Set<String> found = new HashSet<>();
  private final Set<String> nulls = new HashSet<>();
  private final List<Value[]> rows = new ArrayList<>();

  /**
   * Reads fields, which may be nested ({@code license.spdx_id}).
   *
   * @throws IllegalArgumentException with the reason if the items are not objects or too large
   */
  Items(Entry list, Collection<String> fields) {
    for (String field : fields) {
      for (int dot = field.indexOf('.'); dot >= 0; dot = field.indexOf('.', dot + 1)) {
        columns.putIfAbsent(field.substring(0, dot), columns.size());
      }
      columns.putIfAbsent(field, columns.size());
    }
    try (JsonParser parser = JSON.createParser(list.content())) {
      parser.nextToken();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
          throw new IllegalArgumentException("its items are not objects");
        }
        Value[] row = new Value[columns.size()];
        read(parser, "", row);
        rows.add(row);
      }
    } catch (IOException e) {
      throw new IllegalArgumentException("its JSON cannot be read", e);
    }
  }

  private void read(JsonParser parser, String prefix, Value[] row) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = prefix.isEmpty() ? parser.currentName() : prefix + parser.currentName();
      Integer column = columns.get(field);
      JsonToken token = parser.nextToken();
      if (column != null) {
        found.add(field);
        if (token == JsonToken.VALUE_NULL) {
          nulls.add(field);
        } else {
          row[column] = new Value(token, parser.getText());
        }
        if (token == JsonToken.START_OBJECT) {
          read(parser, field + ".", row);
        }
      }
      parser.skipChildren();
    }
  }

  boolean has(Collection<String> fields) {
    return columns.keySet().containsAll(fields);
  }

  /** The items that meet all conditions. */
  List<Value[]> rows(List<Condition> only) {
    return rows.stream()
        .filter(row -> only.stream().allMatch(each -> each.isMetBy(text(row, each.field()))))
        .toList();
  }

  private String text(Value[] row, String field) {
    Value value = row[columns.get(field)];
    return value == null ? null : value.text();
  }

  /** A string, number or boolean, or null. */
  Value scalar(Value[] row, String field) {
    Value value = row[columns.get(field)];
    return value != null && value.kind().isScalarValue() ? value : null;
  }

  /** Whether an item has the field, or null in place of an object around it. */
  boolean isFound(String field) {
    return found.contains(field) || nulls.stream().anyMatch(each -> field.startsWith(each + "."));
  }

  /** The names of all fields of the first item. */
  static Set<String> names(Entry list) {
    Set<String> names = new HashSet<>();
    try (JsonParser parser = JSON.createParser(list.content())) {
      parser.nextToken();
      parser.nextToken();
      while (parser.nextToken() != null && !parser.getParsingContext().inArray()) {
        if (parser.currentToken() == JsonToken.FIELD_NAME) {
          String pointer = parser.getParsingContext().pathAsPointer().toString();
          names.add(pointer.substring("/0/".length()).replace('/', '.'));
        } else if (parser.currentToken() == JsonToken.START_ARRAY) {
          parser.skipChildren();
        }
      }
      return names;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
