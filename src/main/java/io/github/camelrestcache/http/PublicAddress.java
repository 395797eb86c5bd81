package io.github.camelrestcache.http;

import io.github.camelrestcache.Settings;
import org.apache.camel.CamelContext;

/** The address of this service as its clients know it, for the URLs in what they are answered. */
public final class PublicAddress {

  private PublicAddress() {}

  /**
   * What the targets of this service stand behind: {@code PUBLIC_URL}, else the scheme and Host of
   * the request; without a slash at its end. It is empty for a request without a good Host: a
   * target alone is a reference too.
   */
  public static String of(CamelContext context, ClientRequest request) {
    String url = Settings.get(context, "public.url");
    if (!url.isEmpty()) {
      return url.replaceAll("/+$", "");
    }
    String host = request.fields().get("Host");
    return host != null && host.matches("[\\w.:\\[\\]-]+") ? "http://" + host : "";
  }
}
