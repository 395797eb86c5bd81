package io.github.camelrestcache.http;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.impl.VertxInternal;
import io.vertx.core.impl.VertxWrapper;
import io.vertx.core.net.HostAndPort;
import io.vertx.core.net.impl.ConnectionBase;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A Vert.x whose HTTP servers turn away what vertx-web answers with a stack trace in the log:
 * targets that are no path, percent signs without digits, a missing Host. They speak HTTP/1.1 in
 * the clear, and no HTTP/2 or WebSocket.
 */
final class GuardedVertx extends VertxWrapper {

  /** How much of a connection is read at once, and may be requests that have to wait. */
  private static final RecvByteBufAllocator LITTLE =
      new AdaptiveRecvByteBufAllocator(512, 2048, 8192);

  /** Of a name (RFC 1035 2.3.4), with a port. */
  private static final int LONGEST_HOST = 255 + 6;

  private static final Pattern BAD_ENCODING = Pattern.compile("%(?![0-9A-Fa-f]{2})");

  private final ServerLimits limits;
  private final IntFunction<Gate> gates;

  /** What good requests to a port pass before they get to the routes. */
  interface Gate {

    /** Why a request is not answered, or null. */
    default Problem problem(HttpServerRequest request) {
      return null;
    }

    /** What the requests on a connection come to before they come to Vert.x. */
    default PipelineHandler pipeline(HttpConnection connection) {
      return new PipelineHandler() {};
    }

    /** Hears of a request that gets no other answer than a problem, sent when this is. */
    default void refused(HttpServerRequest request, Future<Void> sent) {}
  }

  /**
   * @param limits of each of its servers
   * @param gates by port
   */
  GuardedVertx(Vertx vertx, ServerLimits limits, IntFunction<Gate> gates) {
    super((VertxInternal) vertx);
    this.limits = limits;
    this.gates = gates;
  }

  @Override
  public HttpServer createHttpServer(HttpServerOptions options) {
    limits.apply(options);
    options
        .setHttp2ClearTextEnabled(false)
        .setPerFrameWebSocketCompressionSupported(false)
        .setPerMessageWebSocketCompressionSupported(false);
    List<HttpServer> servers =
        Stream.generate(() -> super.createHttpServer(options))
            .limit(Runtime.getRuntime().availableProcessors())
            .toList();
    return (HttpServer)
        Proxy.newProxyInstance(
            HttpServer.class.getClassLoader(),
            new Class<?>[] {HttpServer.class},
            new OnAllLoops(servers, options));
  }

  /** Netty's side of a connection. */
  static Channel channel(HttpConnection connection) {
    return ((ConnectionBase) connection).channel();
  }

  /**
   * Tells Vert.x of an idle connection, to have it closed. One that takes a long answer bit by bit
   * is not idle, of which Vert.x's own would hear the end only.
   */
  private static final class IdleWatch extends IdleStateHandler {

    IdleWatch(Duration most) {
      super(true, 0, 0, most.toMillis() / 2, TimeUnit.MILLISECONDS);
    }

    /** The first time it is not known yet whether anything is sent. */
    @Override
    protected void channelIdle(ChannelHandlerContext context, IdleStateEvent event)
        throws Exception {
      if (!event.isFirst()) {
        super.channelIdle(context, event);
      }
    }
  }

  /**
   * A server on one port with several event loops, between which Vert.x shares connections out. The
   * handler that it is given gets the good requests only, and of these those that pass the gate.
   */
  private final class OnAllLoops implements InvocationHandler {

    private final List<HttpServer> servers;
    private final HttpServerOptions options;
    private final AtomicInteger connections = new AtomicInteger();
    private Gate gate;

    OnAllLoops(List<HttpServer> servers, HttpServerOptions options) {
      this.servers = servers;
      this.options = options;
    }

    @Override
    @SuppressWarnings("unchecked")
    public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
      String name = method.getName();
      if (name.equals("requestHandler") && arguments != null) {
        Handler<HttpServerRequest> next = (Handler<HttpServerRequest>) arguments[0];
        servers.forEach(server -> server.requestHandler(request -> handle(request, gate, next)));
        return proxy;
      }
      if (name.equals("listen") && arguments != null && arguments.length == 3) {
        gate = gates.apply((Integer) arguments[0]);
        Future<HttpServer> listening = Future.succeededFuture();
        for (HttpServer server : servers) {
          server.connectionHandler(this::guard);
          server.invalidRequestHandler(
              request -> {
                RequestId.give(request);
                refuse(request, gate, unreadable(request));
              });
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

    private void guard(HttpConnection connection) {
      ChannelPipeline pipeline = channel(connection).pipeline();
      pipeline.replace(
          "httpDecoder", "httpDecoder", new StrictRequestDecoder(options, limits.head()));
      pipeline.addFirst("idle", new IdleWatch(limits.idle()));
      pipeline.addBefore("handler", "pipeline", gate.pipeline(connection));
      pipeline.channel().config().setRecvByteBufAllocator(LITTLE);
      pipeline.channel().closeFuture().addListener(closed -> connections.decrementAndGet());
      if (connections.incrementAndGet() > limits.connections()) {
        connection.close();
      }
    }

    /** Listens on an event loop of its own. */
    private Future<HttpServer> listen(HttpServer server, int port, String host) {
      Promise<HttpServer> listening = Promise.promise();
      createEventLoopContext().runOnContext(on -> server.listen(port, host).onComplete(listening));
      return listening.future();
    }
  }

  private void handle(HttpServerRequest request, Gate gate, Handler<HttpServerRequest> next) {
    RequestId.give(request);
    Problem bad = problem(request);
    Problem problem = bad == null ? gate.problem(request) : bad;
    if (problem != null) {
      refuse(request, gate, problem);
    } else {
      next.handle(request);
    }
  }

  /** Answers what is no matter for the routes. */
  private static void refuse(HttpServerRequest request, Gate gate, Problem problem) {
    gate.refused(request, answer(request, problem));
  }

  /** Answers, and closes the connection unless it is well. */
  static Future<Void> answer(HttpServerRequest request, Problem problem) {
    boolean well = problem.status() == HttpResponseStatus.TOO_MANY_REQUESTS.code();
    problem.begin(request.response());
    if (!well) {
      request.response().putHeader("Connection", "close");
    }
    Future<Void> sent = request.response().end(Buffer.buffer(problem.body()));
    if (!well) {
      sent.onComplete(done -> request.connection().close());
    }
    return sent;
  }

  /** What Netty could not read: what came until then is no request. */
  private Problem unreadable(HttpServerRequest request) {
    Throwable cause = request.decoderResult().cause();
    if (cause instanceof TooLongHttpLineException) {
      return limits.lineTooLong();
    }
    if (cause instanceof TooLongHttpHeaderException) {
      return limits.fieldsTooLarge();
    }
    return bad("This is not an HTTP/1.1 request (RFC 9112).");
  }

  private Problem problem(HttpServerRequest request) {
    String method = request.method().name();
    if (method.equals("CONNECT") || method.equals("TRACE")) {
      return new Problem(501, "Not implemented", method + " is not offered here.");
    }
    String target = request.uri();
    if (!target.startsWith("/") && !target.matches("(?i)https?://.*")) {
      return bad("The request target is neither a path nor an http URL.");
    }
    if (isBadlyEncoded(target)) {
      return bad("The request target has a percent sign without two digits: write it as %25.");
    }
    if (!hasGoodHost(request.headers(), request.version() == HttpVersion.HTTP_1_1)) {
      return bad("The request has no Host that is one, or more than one (RFC 9112 3.2).");
    }
    String length = request.headers().get(HttpHeaders.CONTENT_LENGTH);
    if (length != null && Long.parseLong(length) > limits.content()) {
      return limits.contentTooLarge();
    }
    return null;
  }

  static boolean isBadlyEncoded(String target) {
    return target.indexOf('%') >= 0 && BAD_ENCODING.matcher(target).find();
  }

  /**
   * Whether there is one Host, or none.
   *
   * @param needed whether there has to be one that is good
   */
  static boolean hasGoodHost(MultiMap fields, boolean needed) {
    List<String> hosts = fields.getAll(HttpHeaders.HOST);
    return hosts.size() <= 1
        && (hosts.isEmpty() || hosts.get(0).length() <= LONGEST_HOST)
        && (!needed || hosts.size() == 1 && HostAndPort.parseAuthority(hosts.get(0), -1) != null);
  }

  static Problem bad(String detail) {
    return new Problem(400, "Bad request", detail);
  }
}
