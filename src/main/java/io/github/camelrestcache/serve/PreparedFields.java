package io.github.camelrestcache.serve;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import java.util.ArrayList;
import java.util.List;

/** Header fields that are checked and encoded once, for many responses. */
final class PreparedFields {

  private static final int OVERHEAD = 32;

  private final MultiMap checked = HttpHeaders.headers();
  private final List<CharSequence> namesAndValues = new ArrayList<>();
  private int size;

  private PreparedFields() {}

  /** No fields yet. */
  static PreparedFields empty() {
    return new PreparedFields();
  }

  /**
   * Adds a field.
   *
   * @throws IllegalArgumentException if HTTP does not allow its name or value (RFC 9110 5)
   */
  PreparedFields add(String name, String value) {
    CharSequence encodedName = HttpHeaders.createOptimized(name);
    CharSequence encodedValue = HttpHeaders.createOptimized(value);
    checked.set(encodedName, encodedValue);
    namesAndValues.add(encodedName);
    namesAndValues.add(encodedValue);
    size += name.length() + value.length() + OVERHEAD;
    return this;
  }

  /** Adds these fields to those of a response. */
  void addTo(MultiMap fields) {
    for (int i = 0; i < namesAndValues.size(); i += 2) {
      fields.add(namesAndValues.get(i), namesAndValues.get(i + 1));
    }
  }

  /** How many bytes of memory they take, roughly. */
  int size() {
    return size;
  }
}
