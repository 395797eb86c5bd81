package io.github.camelrestcache.serve;

import io.github.camelrestcache.base.ClientRequest;

/**
 * The address under which clients reach this service, for the URLs in answers.
 *
 * @param publicUrl the value of {@code PUBLIC_URL}, without a slash at the end, or empty
 */
public record PublicAddress(String publicUrl) {

  /**
   * What targets of this service are appended to: {@code PUBLIC_URL}, else scheme and Host of the
   * request. It is empty for a request without a valid Host: a target alone is a reference too (RFC
   * 3986 4.2).
   */
  public String of(ClientRequest request) {
    if (!publicUrl.isEmpty()) {
      return publicUrl;
    }
    String host = request.fields().get("Host");
    return host != null && host.matches("[\\w.:\\[\\]-]+") ? "http://" + host : "";
  }
}
