package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.HttpFields;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.apache.hc.core5.http.HeaderElement;
import org.apache.hc.core5.http.message.BasicHeaderValueParser;
import org.apache.hc.core5.http.message.ParserCursor;
import org.greenbytes.http.sfv.ParseException;
import org.greenbytes.http.sfv.Parser;

/** The directives of a {@code Cache-Control} (RFC 9111 5.2), the first of each name (4.2.1). */
record Directives(Map<String, String> values) {

  static final Directives NONE = new Directives(Map.of());

  private static final Pattern DIGITS = Pattern.compile("\\d+");

  /** The highest number of seconds, about 68 years (RFC 9111 1.2.2). */
  private static final long MAX_SECONDS = Integer.MAX_VALUE;

  /** Parses the value of a field, which may be null. */
  static Directives of(String field) {
    if (field == null) {
      return NONE;
    }
    Map<String, String> values = new HashMap<>();
    for (HeaderElement each :
        BasicHeaderValueParser.INSTANCE.parseElements(field, new ParserCursor(0, field.length()))) {
      values.putIfAbsent(
          each.getName().toLowerCase(Locale.ROOT), Objects.requireNonNullElse(each.getValue(), ""));
    }
    return new Directives(values);
  }

  /** The directives of a request, in which {@code Pragma: no-cache} counts (RFC 9111 5.4). */
  static Directives ofRequest(HttpFields fields) {
    String directives = fields.get("Cache-Control");
    return of(directives == null ? fields.get("Pragma") : directives);
  }

  /** The directives of {@code CDN-Cache-Control} (RFC 9213 2.1), none if one is invalid. */
  static Directives targeted(HttpFields fields) {
    String field = fields.get("CDN-Cache-Control");
    if (field == null) {
      return NONE;
    }
    Map<String, String> values = new HashMap<>();
    try {
      for (var each : new Parser(field).parseDictionary().get().entrySet()) {
        Object value = each.getValue().get();
        if (each.getKey().matches("max-age|s-maxage") && !(value instanceof Long)) {
          return NONE;
        }
        values.put(each.getKey(), String.valueOf(value));
      }
      return new Directives(values);
    } catch (ParseException e) {
      return NONE;
    }
  }

  boolean isEmpty() {
    return values.isEmpty();
  }

  boolean has(String name) {
    return values.containsKey(name);
  }

  /** The seconds of a directive, 0 if it is missing or invalid. */
  long seconds(String name) {
    return number(values.get(name), 0);
  }

  /** The seconds of a directive; the default counts if it is missing or has no value. */
  long seconds(String name, long without) {
    String value = values.get(name);
    return value == null || value.isEmpty() ? without : number(value, 0);
  }

  /** A number of seconds (RFC 9111 1.2.2): too large a number counts as the maximum. */
  static long number(String value, long invalid) {
    if (value == null || !DIGITS.matcher(value).matches()) {
      return invalid;
    }
    return value.length() > 10 && !value.matches("0+\\d{1,10}")
        ? MAX_SECONDS
        : bounded(Long.parseLong(value));
  }

  static long bounded(long seconds) {
    return Math.max(0, Math.min(seconds, MAX_SECONDS));
  }
}
