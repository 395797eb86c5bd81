package io.github.camelrestcache.base;

import java.io.InputStream;

/**
 * A request as the client sent it. Routes find it in the variable {@code request}. Its fields are
 * not headers of the exchange, so none reaches GitHub or the client by accident.
 *
 * @param id the request id, see {@link RequestId}
 * @param target the path and query as sent, without scheme and authority (RFC 9112 3.2)
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
    String peer,
    HttpFields fields,
    InputStream body,
    long length,
    InFlight.Ticket ticket) {

  /** Takes the request target in origin form or in absolute form. */
  public ClientRequest {
    int authority = target.startsWith("/") ? -1 : target.indexOf("://");
    if (authority >= 0) {
      String rest = target.substring(authority + 3).replaceFirst("^[^/?#]*", "");
      target = rest.startsWith("/") ? rest : "/" + rest;
    }
  }

  /** A request without its content. */
  public static ClientRequest head(
      String id, String method, String target, String peer, HttpFields fields) {
    return new ClientRequest(id, method, target, peer, fields, null, -1, null);
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
