package io.github.camelrestcache.http;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.HttpDates;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.InFlight.Share;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.RequestId;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.serve.Content;
import io.github.camelrestcache.serve.FastLane;
import io.github.camelrestcache.serve.Reply;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Answers a request with what the routes made of its exchange. */
final class Call {

  private static final Logger LOG = LoggerFactory.getLogger(Call.class);
  private static final int CHUNK = 64 * 1024;

  /** How long a client may neither send nor read, in milliseconds. */
  static final long IDLE_MILLIS = 60_000;

  private final HttpServerRequest request;
  private final HttpServerResponse response;
  private final ClientRequest client;
  private final Requests.Pending pending;
  private final Exchange exchange;

  Call(
      HttpServerRequest request,
      ClientRequest client,
      Requests.Pending pending,
      Exchange exchange) {
    this.request = request;
    this.response = request.response();
    this.client = client;
    this.pending = pending;
    this.exchange = exchange;
  }

  /** Answers. No thread waits until an answer from memory has been sent. */
  void answer() {
    RequestId.inLog(client.id());
    pending.answering();
    Future<Void> sent = Future.succeededFuture();
    try {
      Problem problem = problem();
      sent = problem == null ? write(exchange.getMessage()) : RequestCheck.send(request, problem);
    } catch (Exception | Error e) {
      LOG.atLevel(e instanceof Error ? Level.ERROR : Level.DEBUG)
          .log("The answer to {} {} broke off", client.method(), client.path(), e);
      Problem problem = Problem.of(e);
      if (!response.headWritten()) {
        response.headers().clear();
        response.headersEndHandler(null);
        response.putHeader(Server.REQUEST_ID, client.id());
        Cors.expose(request);
        pending.answering();
        Problem told = e instanceof Problem ? problem : Problem.unreadable();
        sent = RequestCheck.send(request, told);
      } else if (!response.ended()) {
        sent = Future.failedFuture(problem == null ? e : problem);
        // only a closed connection tells the client that half the answer is missing
        response.reset();
        request.connection().close();
      }
    } finally {
      finished(sent);
    }
  }

  private void finished(Future<Void> sent) {
    pending.end(route(), sent, client.ticket());
    client.ticket().done();
    exchange.getMessage().setBody(null); // frees its memory before the answer is sent
    if (client.body() instanceof RequestContent content) {
      content.close();
    }
  }

  /** The route tag of the request. */
  private String route() {
    String own = FastLane.ownRoute(client.path());
    if (own != null) {
      return own;
    }
    CachedEndpoint endpoint = exchange.getVariable("endpoint", CachedEndpoint.class);
    return endpoint == null || exchange.getVariable("ask") != null
        ? FastLane.FORWARD
        : endpoint.template();
  }

  private Problem problem() {
    Exception failure = exchange.getException();
    Problem problem = Problem.of(failure);
    if (failure != null && problem == null) {
      LOG.error("A route failed", failure);
      return Problem.internal();
    }
    return problem;
  }

  private Future<Void> write(Message answer) throws Exception {
    if (answer.getBody() instanceof Reply reply) {
      Content content = reply.content(client);
      if (content.list() != null && !client.ticket().take(Share.STREAMS, 1)) {
        throw Problem.busy("Many large lists are requested without gzip at this time");
      }
      takeRoom(content);
      reply.begin(response, content);
      return content.list() == null ? end(content) : writeStream(content.list().content());
    }
    Integer status = answer.getHeader(Exchange.HTTP_RESPONSE_CODE, Integer.class);
    response.setStatusCode(status == null ? 200 : status);
    response.putHeader("Date", HttpDates.format(Instant.now())); // unless it has one
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
    if (answer.getBody() instanceof InputStream stream) {
      return writeStream(stream);
    }
    return writeWhole(answer.getBody());
  }

  private Future<Void> writeWhole(Object body) {
    int status = response.getStatusCode();
    boolean bodiless = status == 204 || status == 304;
    boolean head = client.method().equals("HEAD");
    if (bodiless || head && body == null) {
      return response.end();
    }
    String text = body == null ? "" : body.toString();
    byte[] bytes = body instanceof byte[] already ? already : text.getBytes(StandardCharsets.UTF_8);
    if (!response.headers().contains("Content-Length")) {
      response.putHeader("Content-Length", Integer.toString(bytes.length));
    }
    Content content = head ? Content.NONE : Content.of(bytes);
    takeRoom(content);
    return end(content);
  }

  private void takeRoom(Content content) {
    if (!client.ticket().takeAnswer(content.memory(), content.size(), true)) {
      throw Problem.busy("There is no memory for more answers of this size");
    }
  }

  private Future<Void> end(Content content) {
    if (content.buffer() == null) {
      return response.end();
    }
    client.ticket().writes();
    return response.end(content.buffer());
  }

  /** Writes chunk by chunk, each after the client has taken the one before. */
  private Future<Void> writeStream(InputStream body) throws Exception {
    try (body) {
      if (client.method().equals("HEAD")) {
        return response.end();
      }
      boolean framed = response.headers().contains("Content-Length");
      response.setChunked(!framed);
      if (!framed && request.version() == HttpVersion.HTTP_1_0) { // RFC 9112 6.3
        RequestCheck.isLast(request);
      }
      byte[] chunk = new byte[CHUNK];
      for (int count = body.read(chunk); count >= 0; count = body.read(chunk)) {
        if (count > 0) {
          client.ticket().writes();
          await(response.write(Buffer.buffer(count).appendBytes(chunk, 0, count)));
          client.ticket().written();
        }
      }
      return response.end();
    }
  }

  private static void await(Future<Void> written) throws Exception {
    try {
      written.toCompletionStage().toCompletableFuture().get(IDLE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      // without the cause, which Problem.of would take for a failure of GitHub
      throw new CancellationException("The client went away: " + e.getCause());
    }
  }
}
