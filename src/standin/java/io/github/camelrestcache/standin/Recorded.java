package io.github.camelrestcache.standin;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLDecoder;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A request as the stand-in received it, complete with its body.
 *
 * @param method the method as sent
 * @param target the request target as sent, neither decoded nor normalised
 * @param headers the header lines in the order received, names as sent, repeats kept
 * @param body the first {@value #BODY_KEPT} bytes of the body; empty when there was none
 * @param bodyLength the length of the whole body in bytes, transfer coding removed
 * @param time when the request's head had arrived
 */
public record Recorded(
    String method,
    String target,
    List<Map.Entry<String, String>> headers,
    byte[] body,
    long bodyLength,
    Instant time) {

  /** How many bytes of a body are kept. */
  public static final int BODY_KEPT = 1 << 20;

  /** Returns the target without its query, not decoded. */
  public String path() {
    int mark = target.indexOf('?');
    return mark < 0 ? target : target.substring(0, mark);
  }

  /** Returns the query without its question mark, not decoded; empty when there is none. */
  public String query() {
    int mark = target.indexOf('?');
    return mark < 0 ? "" : target.substring(mark + 1);
  }

  /** Returns the decoded query parameters in the order sent; of a repeated one, the first value. */
  public Map<String, String> parameters() {
    Map<String, String> parameters = new LinkedHashMap<>();
    for (String pair : query().split("&")) {
      String[] parts = pair.split("=", 2);
      parameters.putIfAbsent(decoded(parts[0]), parts.length == 1 ? "" : decoded(parts[1]));
    }
    return parameters;
  }

  /** Returns the value of the first header line of that name in any case, or null. */
  public String header(String name) {
    List<String> values = headers(name);
    return values.isEmpty() ? null : values.get(0);
  }

  /** Returns the values of all header lines of that name in any case, in the order received. */
  public List<String> headers(String name) {
    return headers.stream()
        .filter(line -> line.getKey().equalsIgnoreCase(name))
        .map(Map.Entry::getValue)
        .toList();
  }

  /** Returns the kept part of the body, read as UTF-8. */
  public String text() {
    return new String(body, UTF_8);
  }

  /** The user and the password of a Basic credential, of which one may be a token. */
  static String[] basic(String encoded) {
    try {
      return new String(Base64.getDecoder().decode(encoded), UTF_8).split(":", 2);
    } catch (IllegalArgumentException malformed) {
      return new String[0];
    }
  }

  /** Decodes percent escapes and plus signs; what cannot be decoded is returned as it is. */
  static String decoded(String text) {
    try {
      return URLDecoder.decode(text, UTF_8);
    } catch (IllegalArgumentException malformed) {
      return text;
    }
  }
}
