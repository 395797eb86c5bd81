package io.github.camelrestcache.store;

import io.github.camelrestcache.view.Ranked;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.camel.BindToRegistry;
import org.apache.camel.Body;

/**
 * What is stored, as the fields of Redis hashes. An endpoint has {@code version}, {@code fetched}
 * and {@code changed} (seconds since 1970) and {@code body}; a view has {@code stamp}, {@code top}
 * and {@code bottom}. A hash that cannot be read counts as absent.
 */
@BindToRegistry("hashes")
public class Hashes {

  private static final List<String> STAMP = List.of("version", "fetched", "changed");

  /** The names of an endpoint's fields without its body. */
  public List<String> stampFields() {
    return STAMP;
  }

  /** The entry in a whole hash, or null. */
  public Entry entry(@Body Map<String, byte[]> hash) {
    byte[] body = hash.get("body");
    return body == null
        ? null
        : entry(hash.get("version"), hash.get("fetched"), hash.get("changed"), body);
  }

  /** The entry without its body in the values of {@link #stampFields()}, or null. */
  public Entry stamp(@Body List<byte[]> values) {
    return entry(values.get(0), values.get(1), values.get(2), null);
  }

  private static Entry entry(byte[] version, byte[] fetched, byte[] changed, byte[] body) {
    try {
      return new Entry(text(version), time(fetched), time(changed), body);
    } catch (NullPointerException | NumberFormatException e) {
      return null;
    }
  }

  /**
   * The fields to write for an entry. Of one without its body only the time of the fetch: should
   * the hash be lost in between, what is written then counts as absent, and not as whole.
   */
  public Map<String, Object> fields(@Body Entry entry) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("fetched", seconds(entry.fetched()));
    if (entry.body() != null) {
      fields.put("version", bytes(entry.version()));
      fields.put("changed", seconds(entry.changed()));
      fields.put("body", entry.body());
    }
    return fields;
  }

  /** The ranking in a whole hash, or null. */
  public Ranked ranked(@Body Map<String, byte[]> hash) {
    byte[] stamp = hash.get("stamp");
    byte[] top = hash.get("top");
    byte[] bottom = hash.get("bottom");
    return stamp == null || top == null || bottom == null
        ? null
        : new Ranked(text(stamp), top, bottom);
  }

  /** The fields to write for a ranking. */
  public Map<String, Object> rankedFields(@Body Ranked ranked) {
    return Map.of("stamp", bytes(ranked.stamp()), "top", ranked.top(), "bottom", ranked.bottom());
  }

  private static byte[] seconds(Instant time) {
    return bytes(Long.toString(time.getEpochSecond()));
  }

  private static Instant time(byte[] seconds) {
    return Instant.ofEpochSecond(Long.parseLong(text(seconds)));
  }

  private static String text(byte[] value) {
    return new String(value, StandardCharsets.UTF_8);
  }

  private static byte[] bytes(String value) {
    return value.getBytes(StandardCharsets.UTF_8);
  }
}
