package io.github.camelrestcache.http;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.InFlight;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.RequestId;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.serve.Content;
import io.github.camelrestcache.serve.RedisLane;
import io.github.camelrestcache.serve.Reply;
import io.vertx.core.Context;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.concurrent.Executor;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangePattern;
import org.apache.camel.Processor;
import org.apache.camel.Service;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.component.platform.http.spi.PlatformHttpConsumer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpConsumer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpEngine;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import org.apache.camel.main.HttpManagementServerConfigurationProperties;
import org.apache.camel.main.HttpServerConfigurationProperties;
import org.apache.camel.main.MainHttpServerFactory;

/**
 * Lets requests enter Camel's routes through a {@link Door}. As a {@code MainHttpServerFactory}, it
 * keeps Camel JBang from opening a server of its own on port 8080.
 */
public final class HttpEngine extends VertxPlatformHttpEngine implements MainHttpServerFactory {

  private final Settings settings;
  private final Requests requests;
  private final RedisLane lane;
  private final InFlight inFlight;
  private final Executor workers;

  /**
   * @param workers runs the routes
   */
  public HttpEngine(
      Settings settings, Requests requests, RedisLane lane, InFlight inFlight, Executor workers) {
    this.settings = settings;
    this.requests = requests;
    this.lane = lane;
    this.inFlight = inFlight;
    this.workers = workers;
  }

  @Override
  public int getServerPort() {
    return settings.clients().port();
  }

  /** The name under which Camel looks up the router of the client port. */
  public String router() {
    return VertxPlatformHttpRouter.getRouterNameFromPort(getServerPort());
  }

  @Override
  public PlatformHttpConsumer createConsumer(PlatformHttpEndpoint endpoint, Processor processor) {
    return new Door(endpoint, processor);
  }

  @Override
  public Service newHttpServer(
      CamelContext context, HttpServerConfigurationProperties configuration) {
    return this;
  }

  @Override
  public Service newHttpManagementServer(
      CamelContext context, HttpManagementServerConfigurationProperties configuration) {
    return this;
  }

  /**
   * Passes requests to the routes, and their answers to the clients. Camel's own consumer turns
   * header fields, query and path parameters into headers of the exchange and sends them back in
   * the answer. This one sets the variables {@code request} ({@link ClientRequest}) and {@code
   * path} instead of headers, and answers with the headers that the routes set, or with the {@link
   * Problem} of a failed exchange.
   */
  private final class Door extends VertxPlatformHttpConsumer {

    Door(PlatformHttpEndpoint endpoint, Processor processor) {
      super(endpoint, processor, List.of(), router());
    }

    @Override
    protected void handleRequest(RoutingContext routing) {
      HttpServerRequest request = routing.request();
      ClientRequest client = client(request);
      Exchange exchange = createExchange(false);
      Call call = new Call(request, client, requests.begin(request), exchange);
      exchange.setPattern(ExchangePattern.InOut);
      exchange.setVariable("request", client);
      exchange.setVariable("path", client.path());
      Context loop = routing.vertx().getOrCreateContext();
      lane.look(client, exchange, task -> loop.runOnContext(none -> task.run()))
          .whenComplete((reply, failure) -> answer(client, call, exchange, reply));
    }

    /** Answers with the reply if there is one, and there is room for it; else the routes answer. */
    private void answer(ClientRequest client, Call call, Exchange exchange, Reply reply) {
      try {
        Content content = reply == null ? null : reply.content(client);
        if (content != null
            && client.ticket().takeAnswer(content.memory(), content.size(), false)) {
          exchange.getMessage().setBody(reply);
          finish(call, exchange);
        } else {
          workers.execute(() -> enter(client, call, exchange));
        }
      } catch (RuntimeException e) {
        exchange.setException(e);
        finish(call, exchange);
      }
    }

    private void enter(ClientRequest client, Call call, Exchange exchange) {
      RequestId.inLog(client.id());
      try {
        createUoW(exchange);
      } catch (Exception e) {
        exchange.setException(e);
        finish(call, exchange);
        return;
      }
      boolean[] returned = {false};
      Thread worker = Thread.currentThread();
      getAsyncProcessor()
          .process(
              exchange,
              done -> {
                if (Thread.currentThread() == worker && !returned[0]) {
                  finish(call, exchange);
                } else {
                  workers.execute(() -> finish(call, exchange));
                }
              });
      returned[0] = true;
      RequestId.inLog(null);
    }

    private void finish(Call call, Exchange exchange) {
      try {
        call.answer();
      } finally {
        doneUoW(exchange);
        releaseExchange(exchange, false);
        RequestId.inLog(null);
      }
    }

    private ClientRequest client(HttpServerRequest request) {
      String length = request.headers().get("Content-Length");
      long mostContent = settings.limits().content();
      return new ClientRequest(
          request.response().headers().get(Server.REQUEST_ID),
          request.method().name(),
          request.uri(),
          "",
          RequestCheck.peer(request),
          new HttpFields(request.headers()),
          RequestCheck.hasContent(request) ? new RequestContent(request, mostContent) : null,
          length == null ? -1 : Long.parseLong(length),
          inFlight.ticket(() -> Http1Pipeline.breakOff(request.connection())));
    }
  }
}
