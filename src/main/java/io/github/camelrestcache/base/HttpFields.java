package io.github.camelrestcache.base;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The header fields of a message, in order and with repeats. Names are case-insensitive. */
public final class HttpFields {

  /** Hop-by-hop fields (RFC 9110 7.6.1) and fields that each connection sets itself. */
  private static final Set<String> OF_ONE_CONNECTION =
      Set.of(
          "connection",
          "content-length",
          "expect",
          "host",
          "keep-alive",
          "proxy-authenticate",
          "proxy-authentication-info",
          "proxy-authorization",
          "proxy-connection",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade");

  private final List<Map.Entry<String, String>> fields = new ArrayList<>();

  public HttpFields() {}

  public HttpFields(Iterable<Map.Entry<String, String>> fields) {
    fields.forEach(field -> add(field.getKey(), field.getValue()));
  }

  public HttpFields add(String name, String value) {
    fields.add(Map.entry(name, value));
    return this;
  }

  /** Replaces all fields of this name. */
  public HttpFields set(String name, String value) {
    return remove(name).add(name, value);
  }

  public HttpFields remove(String name) {
    fields.removeIf(field -> field.getKey().equalsIgnoreCase(name));
    return this;
  }

  /** Removes GitHub's fields of the CORS protocol, because this service has its own. */
  public HttpFields removeCors() {
    fields.removeIf(field -> field.getKey().regionMatches(true, 0, "access-control-", 0, 15));
    return this;
  }

  public boolean contains(String name) {
    return get(name) != null;
  }

  /** The values of all fields of this name, joined with a comma (RFC 9110 5.3), or null. */
  public String get(String name) {
    String joined = null;
    for (Map.Entry<String, String> field : fields) {
      if (field.getKey().equalsIgnoreCase(name)) {
        joined = joined == null ? field.getValue() : joined + ", " + field.getValue();
      }
    }
    return joined;
  }

  public List<Map.Entry<String, String>> all() {
    return List.copyOf(fields);
  }

  /**
   * The fields to forward: without hop-by-hop fields, fields named in {@code Connection}, fields
   * that Camel would interpret (CVE-2025-27636 and related), and addresses in the local network
   * ({@link Forwarded}).
   */
  public HttpFields endToEnd() {
    Set<String> dropped = new HashSet<>(OF_ONE_CONNECTION);
    String connection = get("Connection");
    if (connection != null) {
      for (String name : connection.toLowerCase(Locale.ROOT).split(",")) {
        dropped.add(name.strip());
      }
    }
    dropped.remove("authorization"); // a Connection field must not remove the caller's credentials
    HttpFields kept = new HttpFields(fields);
    kept.fields.removeIf(
        field ->
            dropped.contains(field.getKey().toLowerCase(Locale.ROOT))
                || isCamels(field.getKey())
                || Forwarded.isOf(field.getKey()));
    return kept;
  }

  /** Whether Camel interprets a header of this name. */
  public static boolean isCamels(String name) {
    return name.regionMatches(true, 0, "camel", 0, 5)
        || name.regionMatches(true, 0, "org.apache.camel", 0, 16);
  }
}
