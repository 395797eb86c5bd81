package io.github.camelrestcache.http;

import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.impl.VertxInternal;
import io.vertx.core.impl.VertxWrapper;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

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

  private final IntFunction<Predicate<HttpServerRequest>> lanes;

  /**
   * @param lanes what answers some of the requests to a port by itself, and says which
   */
  GuardedVertx(Vertx vertx, IntFunction<Predicate<HttpServerRequest>> lanes) {
    super((VertxInternal) vertx);
    this.lanes = lanes;
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
    List<HttpServer> servers =
        Stream.generate(() -> super.createHttpServer(options))
            .limit(Runtime.getRuntime().availableProcessors())
            .toList();
    servers.forEach(
        server -> server.invalidRequestHandler(request -> answer(request, unreadable(request))));
    return (HttpServer)
        Proxy.newProxyInstance(
            HttpServer.class.getClassLoader(),
            new Class<?>[] {HttpServer.class},
            new OnAllLoops(this, servers, lanes));
  }

  /**
   * A server on one port with several event loops, between which Vert.x shares connections out. The
   * handler that it is given gets the good requests only, and of these not what the lane answers.
   */
  private static final class OnAllLoops implements InvocationHandler {

    private final VertxInternal vertx;
    private final List<HttpServer> servers;
    private final IntFunction<Predicate<HttpServerRequest>> lanes;
    private Predicate<HttpServerRequest> lane;

    OnAllLoops(
        VertxInternal vertx,
        List<HttpServer> servers,
        IntFunction<Predicate<HttpServerRequest>> lanes) {
      this.vertx = vertx;
      this.servers = servers;
      this.lanes = lanes;
    }

    @Override
    @SuppressWarnings("unchecked")
    public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
      String name = method.getName();
      if (name.equals("requestHandler") && arguments != null) {
        Handler<HttpServerRequest> next = (Handler<HttpServerRequest>) arguments[0];
        servers.forEach(server -> server.requestHandler(request -> handle(request, lane, next)));
        return proxy;
      }
      if (name.equals("listen") && arguments != null && arguments.length == 3) {
        lane = lanes.apply((Integer) arguments[0]);
        Future<HttpServer> listening = Future.succeededFuture();
        for (HttpServer server : servers) {
          listening =
              listening.compose(
                  others -> listen(server, (Integer) arguments[0], (String) arguments[1]));
        }
        listening.onComplete((Handler<AsyncResult<HttpServer>>) arguments[2]);
        return proxy;
      }
      if (name.equals("close") && arguments != null) {
        Future.join(servers.stream().map(HttpServer::close).toList())
            .<Void>mapEmpty()
            .onComplete((Handler<AsyncResult<Void>>) arguments[0]);
        return null;
      }
      try {
        return method.invoke(servers.get(0), arguments);
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    }

    /** Listens on an event loop of its own. */
    private Future<HttpServer> listen(HttpServer server, int port, String host) {
      Promise<HttpServer> listening = Promise.promise();
      vertx
          .createEventLoopContext()
          .runOnContext(on -> server.listen(port, host).onComplete(listening));
      return listening.future();
    }
  }

  private static void handle(
      HttpServerRequest request,
      Predicate<HttpServerRequest> lane,
      Handler<HttpServerRequest> next) {
    Problem problem = problem(request);
    if (problem != null) {
      answer(request, problem);
    } else if (!lane.test(request)) {
      next.handle(request);
    }
  }

  /** Answers what is no matter for the routes, and closes the connection. */
  static void answer(HttpServerRequest request, Problem problem) {
    problem
        .fields()
        .all()
        .forEach(field -> request.response().putHeader(field.getKey(), field.getValue()));
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
    if (target.indexOf('%') >= 0 && BAD_ENCODING.matcher(target).find()) {
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
