package io.github.camelrestcache.base;

import java.io.InputStream;

/**
 * A request as the client sent it. Routes find it in the variable {@code request}. None of its
 * fields is a header of the exchange, so a field reaches GitHub or the client only if a route says
 * so.
 *
 * @param id its name in the log and at GitHub
 * @param method the method as sent
 * @param target the path and query as sent, without scheme and authority (RFC 9112 3.2)
 * @param fields all header fields
 * @param body the rest of the content, or null if the request has none
 * @param length the length of the content in bytes, or -1 if it is not known in advance
 * @param ticket what the request holds of the budget, or null while it needs nothing
 */
public record ClientRequest(
    String id,
    String method,
    String target,
    HttpFields fields,
    InputStream body,
    long length,
    InFlight.Ticket ticket) {

  /**
   * A request without its content.
   *
   * @param uri the request target, in origin form or absolute form
   */
  public static ClientRequest head(String id, String method, String uri, HttpFields fields) {
    return new ClientRequest(id, method, target(uri), fields, null, -1, null);
  }

  private static String target(String uri) {
    int authority = uri.startsWith("/") ? -1 : uri.indexOf("://");
    if (authority < 0) {
      return uri;
    }
    String rest = uri.substring(authority + 3).replaceFirst("^[^/?#]*", "");
    return rest.startsWith("/") ? rest : "/" + rest;
  }

  /** Whether it is a GET or a HEAD. */
  public boolean isRead() {
    return method.equals("GET") || method.equals("HEAD");
  }

  /** The target up to the query, as sent. */
  public String path() {
    int query = target.indexOf('?');
    return query < 0 ? target : target.substring(0, query);
  }

  /** What follows the question mark, as sent; empty if nothing does. */
  public String query() {
    int query = target.indexOf('?');
    return query < 0 ? "" : target.substring(query + 1);
  }
}
