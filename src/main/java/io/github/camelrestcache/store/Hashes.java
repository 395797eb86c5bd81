package io.github.camelrestcache.store;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.camelrestcache.catalog.CachedEndpoint;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.camel.Body;
import org.apache.camel.Header;
import org.apache.camel.Variable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stored data as the fields of Redis hashes. An endpoint has {@code version}, {@code form}, {@code
 * fetched} and {@code changed} (seconds since 1970), {@code fence}, {@code written}, {@code pages}
 * (JSON) and {@code gzip}, see {@link Entry}; a view has {@code stamp}, {@code top} and {@code
 * bottom}. A purged endpoint has only {@code fence}. An unreadable hash counts as absent and is
 * logged once.
 */
public final class Hashes {

  private static final Logger LOG = LoggerFactory.getLogger(Hashes.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final List<String> STAMP =
      List.of("version", "form", "fetched", "changed", "fence", "written");
  private static final List<String> WHOLE =
      Stream.concat(STAMP.stream(), Stream.of("pages", "gzip")).toList();

  private final Set<String> unreadable = ConcurrentHashMap.newKeySet();

  /** The fields of an endpoint without its content. */
  public List<String> stampFields() {
    return STAMP;
  }

  /** All fields of an endpoint. */
  public List<String> wholeFields() {
    return WHOLE;
  }

  /** Unreadable values, one per requested field. */
  public List<byte[]> unreadable(@Header("CamelRedis.Fields") List<String> fields) {
    return Collections.nCopies(fields.size(), new byte[0]);
  }

  /** Reads an entry from the values of the requested fields; null if it is absent or unreadable. */
  public Entry entry(
      @Header("CamelRedis.Fields") List<String> fields,
      @Variable("endpoint") CachedEndpoint endpoint,
      @Body List<byte[]> values) {
    Map<String, byte[]> hash = new HashMap<>();
    for (int i = 0; i < fields.size(); i++) {
      hash.put(fields.get(i), values.get(i));
    }
    if (hash.values().stream().allMatch(Objects::isNull)) {
      return null;
    }
    Entry entry = read(hash);
    boolean whole = fields.contains("gzip") && (entry == null || !entry.isPurged());
    if (entry == null || whole && !entry.isSound(endpoint.shape())) {
      if (unreadable.add(endpoint.path())) {
        LOG.warn(
            "The entry of {} in Redis is unreadable for this version: fetching it again",
            endpoint.path());
      }
      return null;
    }
    if (whole) {
      unreadable.remove(endpoint.path());
    }
    return entry;
  }

  private static Entry read(Map<String, byte[]> hash) {
    try {
      if (hash.entrySet().stream().allMatch(each -> isFence(each) == (each.getValue() != null))) {
        return Entry.purged(Long.parseLong(text(hash.get("fence"))));
      }
      return new Entry(
          text(hash.get("version")),
          text(hash.get("form")),
          time(hash.get("fetched")),
          time(hash.get("changed")),
          Long.parseLong(text(hash.get("fence"))),
          Long.parseLong(text(hash.get("written"))),
          hash.get("pages") == null
              ? null
              : List.of(JSON.readValue(hash.get("pages"), Page[].class)),
          hash.get("gzip"));
    } catch (IOException | RuntimeException e) {
      return null;
    }
  }

  private static boolean isFence(Map.Entry<String, byte[]> field) {
    return field.getKey().equals("fence");
  }

  /** The names and values of all fields of an entry, alternating. */
  static List<Object> fields(Entry entry) {
    return List.of(
        "version",
        entry.version(),
        "form",
        entry.form(),
        "fetched",
        entry.fetched().getEpochSecond(),
        "changed",
        entry.changed().getEpochSecond(),
        "fence",
        entry.fence(),
        "written",
        entry.written(),
        "pages",
        JSON.valueToTree(entry.pages()).toString(),
        "gzip",
        entry.gzip());
  }

  /** The ranking in a hash, or null if a field is missing. */
  public Ranked ranked(@Body Map<String, byte[]> hash) {
    return hash.keySet().containsAll(List.of("stamp", "top", "bottom"))
        ? new Ranked(text(hash.get("stamp")), hash.get("top"), hash.get("bottom"))
        : null;
  }

  /** The fields of a ranking. */
  public Map<String, Object> rankedFields(@Body Ranked ranked) {
    return Map.of("stamp", ranked.stamp(), "top", ranked.top(), "bottom", ranked.bottom());
  }

  private static Instant time(byte[] seconds) {
    return Instant.ofEpochSecond(Long.parseLong(text(seconds)));
  }

  private static String text(byte[] value) {
    return new String(value, StandardCharsets.UTF_8);
  }
}
