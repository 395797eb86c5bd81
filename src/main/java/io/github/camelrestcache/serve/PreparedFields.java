package io.github.camelrestcache.serve;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import java.util.ArrayList;
import java.util.List;

/** Header fields that are validated and encoded once, for many responses. */
final class PreparedFields {

  private static final int OVERHEAD = 16;

  /** Names, and values that many answers have. */
  private static final Cache<String, CharSequence> SHARED =
      Caffeine.newBuilder().executor(Runnable::run).maximumSize(2_000).build();

  private final List<CharSequence> namesAndValues = new ArrayList<>(32);

  /**
   * Adds a field.
   *
   * @throws IllegalArgumentException if the name or the value is invalid (RFC 9110 5)
   */
  PreparedFields add(String name, String value) {
    CharSequence encodedName = SHARED.get(name, HttpHeaders::createOptimized);
    CharSequence encodedValue = SHARED.get(value, HttpHeaders::createOptimized);
    check(encodedName, encodedValue);
    namesAndValues.add(encodedName);
    namesAndValues.add(encodedValue);
    return this;
  }

  /**
   * Validates a field.
   *
   * @throws IllegalArgumentException if the name or the value is invalid (RFC 9110 5)
   */
  static void check(CharSequence name, CharSequence value) {
    HttpHeaders.set(name, value);
  }

  /** Adds these fields to those of a response. */
  void addTo(MultiMap fields) {
    for (int i = 0; i < namesAndValues.size(); i += 2) {
      fields.add(namesAndValues.get(i), namesAndValues.get(i + 1));
    }
  }

  /** The approximate size in memory, in bytes. */
  int size() {
    return namesAndValues.stream().mapToInt(each -> each.length() + OVERHEAD).sum();
  }
}
