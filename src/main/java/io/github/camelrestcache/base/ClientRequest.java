package io.github.camelrestcache.base;

import java.io.InputStream;
import java.util.regex.Pattern;

/**
 * A request as the client sent it. Routes find it in the variable {@code request}. Its fields are
 * not headers of the exchange, so none reaches GitHub or the client by accident.
 *
 * @param id the request id, see {@link RequestId}
 * @param target the path and query as sent, without scheme, authority (RFC 9112 3.2) and prefix
 * @param prefix {@code /api/v3} if the client uses the paths of GitHub Enterprise Server: taken
 *     from the target, or else empty
 * @param peer the remote address of the connection, or null
 * @param fields as sent; those of proxies may be forged ({@link Forwarded})
 * @param body the unread content, or null without content
 * @param length the content length in bytes, or -1 if unknown
 * @param ticket the reservations of the request, or null before it makes any
 */
public record ClientRequest(
    String id,
    String method,
    String target,
    String prefix,
    String peer,
    HttpFields fields,
    InputStream body,
    long length,
    InFlight.Ticket ticket) {

  /** {@code /api/v3}, and {@code /api} before {@code /graphql}: "GitHub Enterprise Server". */
  private static final Pattern PREFIX = Pattern.compile("^/api(/v3(?![^/?])|(?=/graphql(?![^?])))");

  /** Takes the request target in origin form or in absolute form, and its prefix out of it. */
  public ClientRequest {
    int authority = target.startsWith("/") ? -1 : target.indexOf("://");
    if (authority >= 0) {
      target = target.substring(authority + 3).replaceFirst("^[^/?#]*", "");
    }
    if (target.startsWith("/api/") && PREFIX.matcher(target).find()) {
      target = PREFIX.matcher(target).replaceFirst("");
      prefix = "/api/v3";
    }
    target = target.startsWith("/") ? target : "/" + target;
  }

  /** A request without its content. */
  public static ClientRequest head(
      String id, String method, String target, String peer, HttpFields fields) {
    return new ClientRequest(id, method, target, "", peer, fields, null, -1, null);
  }

  public boolean isRead() {
    return method.equals("GET") || method.equals("HEAD");
  }

  /** The target without the query, as sent. */
  public String path() {
    int query = target.indexOf('?');
    return query < 0 ? target : target.substring(0, query);
  }

  /** The query as sent, without the question mark; may be empty. */
  public String query() {
    int query = target.indexOf('?');
    return query < 0 ? "" : target.substring(query + 1);
  }
}
