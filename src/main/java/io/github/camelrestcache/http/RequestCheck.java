package io.github.camelrestcache.http;

import io.github.camelrestcache.base.ClientAddress;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.Settings;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.HostAndPort;
import io.vertx.core.net.SocketAddress;
import java.util.List;
import java.util.regex.Pattern;

/** Checks what RFC 9110 and RFC 9112 require of every request, and refuses with a problem. */
final class RequestCheck {

  /** The maximum length of a host name (RFC 1035 2.3.4) with a port. */
  private static final int LONGEST_HOST = 255 + 6;

  private static final Pattern BAD_ENCODING = Pattern.compile("%(?![0-9A-Fa-f]{2})");
  private static final Pattern ABSOLUTE = Pattern.compile("(?i)https?://.*");

  private RequestCheck() {}

  /**
   * Returns why a request is refused, or null.
   *
   * @param mostContent the maximum length of the content in bytes
   */
  static Problem problem(HttpServerRequest request, long mostContent) {
    String method = request.method().name();
    if (method.equals("CONNECT") || method.equals("TRACE")) {
      return new Problem(501, "Not implemented", method + " is not supported.");
    }
    String target = request.uri();
    if (!target.startsWith("/") && !ABSOLUTE.matcher(target).matches()) {
      return bad("The request target is neither a path nor an http URL.");
    }
    if (target.indexOf('%') >= 0 && BAD_ENCODING.matcher(target).find()) {
      return bad("The request target has a percent sign without two digits: write it as %25.");
    }
    if (!hasGoodHost(request)) {
      return bad("The Host header is missing, invalid or repeated (RFC 9112 3.2).");
    }
    String length = request.headers().get(HttpHeaders.CONTENT_LENGTH);
    return length != null && Long.parseLong(length) > mostContent ? tooLarge(mostContent) : null;
  }

  private static boolean hasGoodHost(HttpServerRequest request) {
    List<String> hosts = request.headers().getAll(HttpHeaders.HOST);
    if (hosts.isEmpty()) {
      return request.version() == HttpVersion.HTTP_1_0;
    }
    String host = hosts.get(0);
    return hosts.size() == 1
        && host.length() <= LONGEST_HOST
        && host.indexOf('%') < 0
        && (request.version() == HttpVersion.HTTP_1_0
            || HostAndPort.parseAuthority(host, -1) != null);
  }

  /** The remote address of the connection, or an empty text if it is closed. */
  static String peer(HttpServerRequest request) {
    SocketAddress peer = request.remoteAddress();
    return peer == null ? "" : peer.hostAddress();
  }

  /** The address of the client of a request. */
  static String client(HttpServerRequest request, ClientAddress addresses) {
    return addresses.of(peer(request), name -> String.join(",", request.headers().getAll(name)));
  }

  /** Whether the request has content (RFC 9112 6.3). */
  static boolean hasContent(HttpServerRequest request) {
    String length = request.headers().get(HttpHeaders.CONTENT_LENGTH);
    return length != null && !length.equals("0")
        || request.headers().contains(HttpHeaders.TRANSFER_ENCODING);
  }

  /** Returns why a request could not be decoded. */
  static Problem unreadable(Throwable cause) {
    return switch (cause.getClass().getSimpleName()) {
      case "UnsupportedOperationException" ->
          new Problem(
              505, "HTTP version not supported", "This server speaks HTTP/1.1 and HTTP/1.0.");
      case "TooLongHttpLineException" ->
          new Problem(
              414,
              "URI too long",
              "The request line has more than " + Settings.MAX_REQUEST_LINE + " bytes.");
      case "TooLongHttpHeaderException" ->
          new Problem(
              431,
              "Request header fields too large",
              "The header fields have more than " + Settings.MAX_REQUEST_FIELDS + " bytes.");
      default -> bad("This is not an HTTP/1.1 request (RFC 9112).");
    };
  }

  static Problem bad(String detail) {
    return new Problem(400, "Bad request", detail);
  }

  static Problem tooLarge(long mostContent) {
    return new Problem(
        413,
        "Content too large",
        "The content of the request has more than " + mostContent + " bytes.");
  }

  /** Answers with a problem, and closes the connection unless the client exceeded its rate. */
  static Future<Void> refuse(HttpServerRequest request, Problem problem) {
    if (problem.status() != 429) {
      isLast(request);
    }
    return send(request, problem);
  }

  /** Has the connection closed after this answer, see {@link Http1Pipeline}. */
  static void isLast(HttpServerRequest request) {
    var response = request.response().putHeader("Connection", "close");
    if (request.version() == HttpVersion.HTTP_1_0) {
      // Vert.x would say keep-alive
      response.headersEndHandler(end -> response.putHeader("Connection", "close"));
    }
  }

  /** Answers with a problem. */
  static Future<Void> send(HttpServerRequest request, Problem problem) {
    if (problem.status() == 413) {
      isLast(request); // much may follow that is not skipped
    }
    var response = request.response().setStatusCode(problem.status());
    Problem.Answer answer = problem.answer(request.headers().getAll(HttpHeaders.ACCEPT));
    answer.fields().all().forEach(field -> response.putHeader(field.getKey(), field.getValue()));
    byte[] body = answer.content();
    response.putHeader("Content-Length", Integer.toString(body.length));
    return request.method().name().equals("HEAD")
        ? response.end()
        : response.end(Buffer.buffer(body));
  }
}
