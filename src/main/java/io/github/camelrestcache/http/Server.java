package io.github.camelrestcache.http;

import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.RedisAddress.Host;
import io.github.camelrestcache.base.RequestId;
import io.github.camelrestcache.base.Settings;
import io.vertx.core.AbstractVerticle;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.KeyCertOptions;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An HTTP/1.1 server on one port, with an event loop per core. It refuses malformed requests and
 * passes all others to its handler.
 */
public final class Server {

  static final CharSequence REQUEST_ID = HttpHeaders.createOptimized(RequestId.FIELD);

  private static final Problem CLOSED =
      new Problem(503, "Unavailable", "The service is starting or stopping: try again.")
          .retryAfter(Duration.ofSeconds(1));

  private final Settings.Limits limits;
  private final Requests requests;
  private final AtomicInteger connections = new AtomicInteger();
  private volatile Handler<HttpServerRequest> handler = request -> refuse(request, CLOSED);

  private final HttpServerOptions options =
      new HttpServerOptions()
          .setMaxInitialLineLength(Settings.MAX_REQUEST_LINE)
          .setMaxHeaderSize(Settings.MAX_REQUEST_FIELDS)
          .setHttp2ClearTextEnabled(false)
          .setPerFrameWebSocketCompressionSupported(false)
          .setPerMessageWebSocketCompressionSupported(false);

  /**
   * Listens, and answers 503 until {@link #open}.
   *
   * @param name the prefix of the variables with the address: {@code MANAGEMENT_}, or empty
   * @param tls the key for TLS, or null for plain HTTP
   * @param requests meters refused requests, or null
   * @throws BadConfiguration if the port is taken or the address is not one of this machine
   */
  public Server(
      Vertx vertx,
      String name,
      Host address,
      TlsKey tls,
      Settings.Limits limits,
      Requests requests) {
    this.limits = limits;
    this.requests = requests;
    options
        .setIdleTimeout((int) Math.min(Integer.MAX_VALUE, limits.idle().toMillis()))
        .setIdleTimeoutUnit(TimeUnit.MILLISECONDS);
    if (tls != null) {
      // without ALPN, hence HTTP/1.1 only
      options
          .setSsl(true)
          .setKeyCertOptions(KeyCertOptions.wrap(tls))
          .setSslHandshakeTimeout(limits.head().toMillis())
          .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS);
    }
    int cores = Runtime.getRuntime().availableProcessors();
    try {
      vertx
          .deployVerticle(() -> new Loop(address), new DeploymentOptions().setInstances(cores))
          .toCompletionStage()
          .toCompletableFuture()
          .join();
    } catch (CompletionException e) {
      throw new BadConfiguration(
          "%sPORT is '%d', but the service cannot listen on it at %sHOST=%s (%s): choose a free port"
                  .formatted(name, address.port(), name, address.name(), e.getCause().getMessage())
              + " and an address of this machine");
    }
  }

  /** Passes requests on from now on. */
  public void open(Handler<HttpServerRequest> next) {
    handler = next;
  }

  /** Refuses requests from now on. */
  public void close() {
    handler = request -> refuse(request, CLOSED);
  }

  /** An event loop. Vert.x distributes connections among all that listen on one port. */
  private final class Loop extends AbstractVerticle {

    private final Host address;

    Loop(Host address) {
      this.address = address;
    }

    @Override
    public void start(Promise<Void> started) {
      vertx
          .createHttpServer(options)
          .connectionHandler(Server.this::accept)
          .invalidRequestHandler(
              request -> {
                identify(request);
                refuse(request, RequestCheck.unreadable(request.decoderResult().cause()));
              })
          .requestHandler(Server.this::handle)
          .listen(address.port(), address.name())
          .<Void>mapEmpty()
          .onComplete(started);
    }
  }

  private void accept(HttpConnection connection) {
    Http1Pipeline.prepare(connection, options, limits.head());
    connection.closeHandler(closed -> connections.decrementAndGet());
    if (connections.incrementAndGet() > limits.connections()) {
      connection.close();
    }
  }

  private void handle(HttpServerRequest request) {
    identify(request);
    Problem problem = RequestCheck.problem(request, limits.content());
    if (problem != null) {
      refuse(request, problem);
    } else {
      handler.handle(request);
    }
  }

  /** Sets the fields that all answers have. */
  private void identify(HttpServerRequest request) {
    String id = RequestId.of(request.headers().get(REQUEST_ID));
    request.response().headers().add(REQUEST_ID, HttpHeaders.createOptimized(id));
    if (requests != null) { // the management port is not for pages of other origins
      Cors.expose(request);
    }
  }

  private void refuse(HttpServerRequest request, Problem problem) {
    if (requests == null) {
      RequestCheck.refuse(request, problem);
    } else {
      requests.refuse(request, problem);
    }
  }
}
