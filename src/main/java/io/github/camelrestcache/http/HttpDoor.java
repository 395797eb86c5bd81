package io.github.camelrestcache.http;

import io.github.camelrestcache.catalog.CachedEndpoint;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangePattern;
import org.apache.camel.Message;
import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpConsumer;
import org.apache.hc.client5.http.utils.DateUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where requests enter the routes and answers leave them. Camel's own consumer turns request
 * fields, query and path parameters into headers of the exchange and sends them back in the answer;
 * this one gives the routes the request as it came, in the variables {@code request} ({@link
 * ClientRequest}) and {@code path}, with no headers at all, and answers with the headers that the
 * routes set and those that frame it. A failed exchange becomes a {@link Problem}.
 */
final class HttpDoor extends VertxPlatformHttpConsumer {

  private static final Logger LOG = LoggerFactory.getLogger(HttpDoor.class);
  private static final int CHUNK = 64 * 1024;

  private final Requests requests;
  private final ServerLimits limits;
  private final Backlog backlog;

  HttpDoor(
      PlatformHttpEndpoint endpoint,
      Processor processor,
      List<Handler<RoutingContext>> handlers,
      Requests requests,
      ServerLimits limits,
      Backlog backlog,
      String routerName) {
    super(endpoint, processor, handlers, routerName);
    this.requests = requests;
    this.limits = limits;
    this.backlog = backlog;
  }

  @Override
  protected void handleRequest(RoutingContext routing) {
    Requests.Begun begun = requests.begin();
    HttpServerRequest request = routing.request();
    ClientRequest client = ClientRequest.of(request, limits);
    Exchange exchange = createExchange(false);
    exchange.setPattern(ExchangePattern.InOut);
    exchange.setVariable("request", client);
    exchange.setVariable("path", client.path());
    routing
        .vertx()
        .executeBlocking(
            () -> {
              RequestId.inLog(client.id());
              createUoW(exchange);
              boolean[] returned = {false};
              Thread worker = Thread.currentThread();
              getAsyncProcessor()
                  .process(
                      exchange,
                      done -> {
                        if (Thread.currentThread() == worker && !returned[0]) {
                          finish(routing, exchange, client, begun);
                        } else {
                          routing
                              .vertx()
                              .executeBlocking(
                                  () -> finish(routing, exchange, client, begun), false);
                        }
                      });
              returned[0] = true;
              RequestId.inLog(null);
              return null;
            },
            false)
        .onFailure(
            refused -> {
              requests.forget(begun);
              routing.fail(refused);
            });
  }

  /** Answers; nobody waits until what is known whole has been sent. */
  private Void finish(
      RoutingContext routing, Exchange exchange, ClientRequest client, Requests.Begun begun) {
    HttpServerResponse response = routing.response();
    RequestId.inLog(client.id());
    boolean last = requests.isDraining();
    if (last) {
      response.putHeader("Connection", "close");
    }
    Future<Void> sent = Future.succeededFuture();
    try {
      Problem problem = problem(exchange);
      sent =
          problem == null
              ? write(routing, client, exchange.getMessage())
              : write(response, client, problem);
    } catch (Exception e) {
      LOG.debug("The answer to {} {} broke off", client.method(), client.path(), e);
      if (!response.headWritten()) {
        response.headers().clear();
        response.putHeader(RequestId.FIELD, client.id());
        sent = write(response, client, e instanceof Problem told ? told : Problem.unreadable());
      } else if (!response.ended()) {
        // half an answer: the only way to tell the client is to close
        response.reset();
        routing.request().connection().close();
      }
    } finally {
      String route = route(exchange, client.path());
      sent.onComplete(
          done -> {
            requests.end(begun, Requests.Answered.of(routing.request()), route);
            if (last) {
              routing.request().connection().close();
            }
          });
      if (client.body() instanceof RequestContent content) {
        content.close();
      }
      doneUoW(exchange);
      releaseExchange(exchange, false);
      RequestId.inLog(null);
    }
    return null;
  }

  /** What a request is metered as: the path of an endpoint as it is declared, or a template. */
  private static String route(Exchange exchange, String path) {
    if (path.startsWith("/view/")) {
      return Requests.VIEW;
    } else if (path.equals("/healthcheck") || path.equals("/webhook/github")) {
      return path;
    }
    CachedEndpoint endpoint = exchange.getVariable("endpoint", CachedEndpoint.class);
    return endpoint == null || exchange.getVariable("ask") != null
        ? Requests.FORWARD
        : endpoint.template();
  }

  private static Problem problem(Exchange exchange) {
    Exception failure = exchange.getException();
    if (failure == null) {
      return null;
    }
    Problem problem = Problem.of(failure);
    if (problem == null) {
      LOG.error("A route failed", failure);
      problem = new Problem(500, "Internal error", "This is a fault of the cache: report it.");
    }
    return problem;
  }

  private static Future<Void> write(
      HttpServerResponse response, ClientRequest client, Problem problem) {
    problem.begin(response);
    return writeWhole(response, client, problem.body());
  }

  private Future<Void> write(RoutingContext routing, ClientRequest client, Message answer)
      throws Exception {
    HttpServerResponse response = routing.response();
    HttpConnection connection = routing.request().connection();
    Object body = answer.getBody();
    Object content = new Object();
    if (body instanceof Reply reply) {
      Response told = new Response();
      reply.tell(told, client);
      content = told.content();
      checkRoom(content, told.size());
      Runnable end = backlog.add(connection, content, told.size());
      return told.send(response).onComplete(done -> end.run());
    } else if (body instanceof byte[] bytes) {
      checkRoom(content, bytes.length);
    }
    Integer status = answer.getHeader(Exchange.HTTP_RESPONSE_CODE, Integer.class);
    response.setStatusCode(status == null ? 200 : status);
    response.putHeader("Date", DateUtils.formatStandardDate(Instant.now())); // unless it has one
    for (Map.Entry<String, Object> header : answer.getHeaders().entrySet()) {
      if (HttpFields.isCamels(header.getKey())) {
        continue;
      }
      if (header.getValue() instanceof List<?> values) {
        response.putHeader(header.getKey(), values.stream().map(String::valueOf).toList());
      } else if (header.getValue() != null) {
        response.putHeader(header.getKey(), header.getValue().toString());
      }
    }
    if (body instanceof InputStream stream) {
      boolean room = answer.getExchange().getVariable(Backlog.ROOM) != null;
      return writeStream(routing, client, stream, room);
    } else if (body instanceof byte[] bytes) {
      Runnable end = backlog.add(connection, content, bytes.length);
      return writeWhole(response, client, bytes).onComplete(done -> end.run());
    } else if (body == null && client.method().equals("HEAD")) {
      return response.end();
    }
    String text = body == null ? "" : body.toString();
    return writeWhole(response, client, text.getBytes(StandardCharsets.UTF_8));
  }

  private void checkRoom(Object content, int size) {
    if (!backlog.hasRoom(content, size)) {
      throw Problem.busy("There is no memory for more answers of this size");
    }
  }

  private static Future<Void> writeWhole(
      HttpServerResponse response, ClientRequest client, byte[] body) {
    int status = response.getStatusCode();
    boolean bodiless = status == 204 || status == HttpResponseStatus.NOT_MODIFIED.code();
    if (!bodiless && !response.headers().contains("Content-Length")) {
      response.putHeader("Content-Length", Integer.toString(body.length));
    }
    boolean silent = bodiless || client.method().equals("HEAD");
    return silent ? response.end() : response.end(Buffer.buffer(body));
  }

  /** Reads no more than the client takes. */
  private Future<Void> writeStream(
      RoutingContext routing, ClientRequest client, InputStream body, boolean room)
      throws Exception {
    HttpServerResponse response = routing.response();
    HttpConnection connection = routing.request().connection();
    try (body) {
      if (client.method().equals("HEAD")) {
        return response.end();
      }
      boolean framed = response.headers().contains("Content-Length");
      boolean chunked = !framed && routing.request().version() != HttpVersion.HTTP_1_0;
      response.setChunked(!framed);
      if (!framed && !chunked) {
        // its end is that of the content (RFC 9112 6.3); Vert.x would say keep-alive
        routing.addHeadersEndHandler(end -> response.putHeader("Connection", "close"));
      }
      byte[] chunk = new byte[CHUNK];
      for (int count = body.read(chunk); count >= 0; count = body.read(chunk)) {
        if (count > 0) {
          Runnable end = backlog.addPart(connection, room);
          await(
              response
                  .write(Buffer.buffer(count).appendBytes(chunk, 0, count))
                  .onComplete(done -> end.run()));
        }
      }
      Future<Void> sent = response.end();
      return framed || chunked ? sent : sent.onComplete(done -> connection.close());
    }
  }

  private static void await(Future<Void> written) throws Exception {
    try {
      written
          .toCompletionStage()
          .toCompletableFuture()
          .get(ClientRequest.IDLE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (java.util.concurrent.ExecutionException e) {
      throw new IOException("the client went away", e.getCause());
    }
  }
}
