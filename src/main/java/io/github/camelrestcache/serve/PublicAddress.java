package io.github.camelrestcache.serve;

import io.github.camelrestcache.base.ClientRequest;
import java.util.regex.Pattern;

/**
 * The base URL of this service for clients, as it appears in answers.
 *
 * @param publicUrl the value of {@code PUBLIC_URL}, without a trailing slash, or empty
 */
public record PublicAddress(String publicUrl) {

  private static final Pattern HOST = Pattern.compile("[\\w.:\\[\\]-]+");

  /**
   * The prefix of URLs of this service: {@code PUBLIC_URL}, or else the scheme and the Host of the
   * request. Empty without a valid Host, because a path alone is a reference too (RFC 3986 4.2).
   */
  public String of(ClientRequest request) {
    if (!publicUrl.isEmpty()) {
      return publicUrl;
    }
    String host = request.fields().get("Host");
    return host != null && HOST.matcher(host).matches() ? "http://" + host : "";
  }
}
