package io.github.camelrestcache.http;

import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.impl.VertxInternal;
import io.vertx.core.impl.VertxWrapper;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.regex.Pattern;

/**
 * A Vert.x whose HTTP servers turn away what vertx-web answers with a stack trace in the log:
 * targets that are no path, percent signs without digits, a missing Host. They speak HTTP/1.1 in
 * the clear, and no HTTP/2 or WebSocket.
 */
final class GuardedVertx extends VertxWrapper {

  /** Longer than a caller waits for anything here. */
  private static final int IDLE_SECONDS = 90;

  private static final int LONGEST_LINE = 16 * 1024;
  private static final int LARGEST_FIELDS = 32 * 1024;
  private static final Pattern BAD_ENCODING = Pattern.compile("%(?![0-9A-Fa-f]{2})");

  GuardedVertx(Vertx vertx) {
    super((VertxInternal) vertx);
  }

  @Override
  public HttpServer createHttpServer(HttpServerOptions options) {
    options
        .setIdleTimeout(IDLE_SECONDS)
        .setMaxInitialLineLength(LONGEST_LINE)
        .setMaxHeaderSize(LARGEST_FIELDS)
        .setHttp2ClearTextEnabled(false)
        .setPerFrameWebSocketCompressionSupported(false)
        .setPerMessageWebSocketCompressionSupported(false);
    HttpServer server = super.createHttpServer(options);
    server.invalidRequestHandler(request -> answer(request, unreadable(request)));
    return guarded(server);
  }

  /** The server, but each handler of requests that it is given gets only the good ones. */
  @SuppressWarnings("unchecked")
  private static HttpServer guarded(HttpServer server) {
    return (HttpServer)
        Proxy.newProxyInstance(
            HttpServer.class.getClassLoader(),
            new Class<?>[] {HttpServer.class},
            (proxy, method, arguments) -> {
              try {
                if (method.getName().equals("requestHandler") && arguments != null) {
                  Handler<HttpServerRequest> next = (Handler<HttpServerRequest>) arguments[0];
                  arguments[0] = (Handler<HttpServerRequest>) request -> handle(request, next);
                }
                Object result = method.invoke(server, arguments);
                return result == server ? proxy : result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private static void handle(HttpServerRequest request, Handler<HttpServerRequest> next) {
    Problem problem = problem(request);
    if (problem == null) {
      next.handle(request);
      return;
    }
    answer(request, problem);
  }

  private static void answer(HttpServerRequest request, Problem problem) {
    request
        .response()
        .setStatusCode(problem.status())
        .putHeader("Content-Type", "application/problem+json")
        .putHeader("Access-Control-Allow-Origin", "*")
        .putHeader("Cache-Status", "camel-rest-cache; detail=" + problem.slug())
        .putHeader("Connection", "close")
        .end(Buffer.buffer(problem.body()))
        .onComplete(done -> request.connection().close());
  }

  /** What Netty could not read: what came until then is no request. */
  private static Problem unreadable(HttpServerRequest request) {
    Throwable cause = request.decoderResult().cause();
    if (cause instanceof TooLongHttpLineException) {
      return new Problem(
          414, "URI too long", "The request line has more than " + LONGEST_LINE + " bytes.");
    }
    if (cause instanceof TooLongHttpHeaderException) {
      return new Problem(
          431,
          "Request header fields too large",
          "The header fields have more than " + LARGEST_FIELDS + " bytes.");
    }
    return bad("This is not an HTTP/1.1 request (RFC 9112).");
  }

  private static Problem problem(HttpServerRequest request) {
    String method = request.method().name();
    if (method.equals("CONNECT") || method.equals("TRACE")) {
      return new Problem(501, "Not implemented", method + " is not offered here.");
    }
    String target = request.uri();
    if (!target.startsWith("/") && !target.matches("(?i)https?://.*")) {
      return bad("The request target is neither a path nor an http URL.");
    }
    if (BAD_ENCODING.matcher(target).find()) {
      return bad("The request target has a percent sign without two digits: write it as %25.");
    }
    int hosts = request.headers().getAll("Host").size();
    if (hosts > 1 || request.authority() == null && request.version() == HttpVersion.HTTP_1_1) {
      return bad("The request has no Host that is one, or more than one (RFC 9112 3.2).");
    }
    return null;
  }

  private static Problem bad(String detail) {
    return new Problem(400, "Bad request", detail);
  }
}
