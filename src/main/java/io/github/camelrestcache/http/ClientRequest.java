package io.github.camelrestcache.http;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.io.InputStream;

/**
 * A request as the client sent it. Routes find it in the variable {@code request}; none of its
 * fields is a header of the exchange, so none is sent on or sent back unless a route says so.
 *
 * @param id what it is called in the log, and at GitHub
 * @param method as sent
 * @param target the path and query as sent, without scheme and authority (RFC 9112 3.2)
 * @param fields all header fields
 * @param body what is left of the content, or null when the request has none
 * @param length the length of the content in bytes, -1 if it is not known beforehand
 */
public record ClientRequest(
    String id, String method, String target, HttpFields fields, InputStream body, long length) {

  /** How long a client may take no part in what it sends or is sent, in milliseconds. */
  static final long IDLE_MILLIS = 60_000;

  /** A request as Vert.x gives it. */
  static ClientRequest of(HttpServerRequest request, ServerLimits limits) {
    ClientRequest head =
        head(RequestId.of(request), request.method().name(), request.uri(), request.headers());
    String length = head.fields.get("Content-Length");
    return new ClientRequest(
        head.id,
        head.method,
        head.target,
        head.fields,
        hasContent(request.headers()) ? new RequestContent(request, limits, IDLE_MILLIS) : null,
        length == null ? -1 : Long.parseLong(length));
  }

  /** Whether there is content behind the head with these fields (RFC 9112 6.3). */
  static boolean hasContent(MultiMap fields) {
    String length = fields.get(HttpHeaders.CONTENT_LENGTH);
    return fields.contains(HttpHeaders.TRANSFER_ENCODING) || length != null && !length.equals("0");
  }

  /** A request without its content. */
  static ClientRequest head(String id, String method, String uri, MultiMap fields) {
    return new ClientRequest(id, method, target(uri), new HttpFields(fields), null, -1);
  }

  /** The path and query of a request target in origin form or absolute form. */
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

  /** What follows the question mark, as sent; empty when nothing does. */
  public String query() {
    int query = target.indexOf('?');
    return query < 0 ? "" : target.substring(query + 1);
  }
}
