package io.github.camelrestcache.store;

import io.github.camelrestcache.view.Ranked;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.camel.BindToRegistry;
import org.apache.camel.Body;
import org.apache.camel.Header;
import org.apache.camel.Variable;

/**
 * What is stored, as the fields of Redis hashes. An endpoint has {@code version}, {@code fetched}
 * and {@code changed} (seconds since 1970), {@code body}, {@code gzip} and {@code ends}; a view has
 * {@code stamp}, {@code top} and {@code bottom}. A hash that cannot be read, or lacks a field that
 * is asked for, counts as absent.
 */
@BindToRegistry("hashes")
public class Hashes {

  private static final List<String> STAMP = List.of("version", "fetched", "changed");
  private static final List<String> GZIP = List.of("version", "fetched", "changed", "gzip");
  private static final List<String> IDENTITY =
      List.of("version", "fetched", "changed", "body", "ends");

  /** The names of an endpoint's fields without its content. */
  public List<String> stampFields() {
    return STAMP;
  }

  /** The names of an endpoint's fields with its content in this coding, {@code gzip} or not. */
  public List<String> contentFields(@Variable("coding") String coding) {
    return "gzip".equals(coding) ? GZIP : IDENTITY;
  }

  /** The entry in the values of the fields that were asked for, or null. */
  public Entry entry(@Header("CamelRedis.Fields") List<String> fields, @Body List<byte[]> values) {
    Map<String, byte[]> hash = new HashMap<>();
    for (int i = 0; i < fields.size(); i++) {
      hash.put(fields.get(i), values.get(i));
    }
    try {
      return hash.containsValue(null)
          ? null
          : new Entry(
              text(hash.get("version")),
              time(hash.get("fetched")),
              time(hash.get("changed")),
              hash.get("body"),
              hash.get("gzip"),
              hash.get("ends"));
    } catch (NumberFormatException e) {
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
      fields.put("gzip", entry.gzip());
      fields.put("ends", entry.ends());
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
