package io.github.camelrestcache.http;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.InFlight;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.serve.Content;
import io.github.camelrestcache.serve.FastLane;
import io.github.camelrestcache.serve.Reply;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;

/**
 * Handles well-formed requests of clients: limits their rate, answers from the fast lane if it can,
 * and passes all others to Camel's routes.
 *
 * @param routes Camel's router
 */
public record ClientHandler(
    ClientRates rates,
    FastLane lane,
    Requests requests,
    InFlight inFlight,
    Handler<HttpServerRequest> routes)
    implements Handler<HttpServerRequest> {

  @Override
  public void handle(HttpServerRequest request) {
    Problem problem = rates.problem(request);
    if (problem != null) {
      requests.refuse(request, problem);
    } else if (!lane.isOpen() || !isPlain(request) || !answers(request)) {
      routes.handle(request);
    }
  }

  private static boolean isPlain(HttpServerRequest request) {
    return (request.method() == HttpMethod.GET || request.method() == HttpMethod.HEAD)
        && request.uri().startsWith("/")
        && !RequestCheck.hasContent(request);
  }

  private boolean answers(HttpServerRequest request) {
    ClientRequest client =
        ClientRequest.head(
            null,
            request.method().name(),
            request.uri(),
            RequestCheck.peer(request),
            new HttpFields(request.headers()));
    Reply hit = lane.hit(client);
    if (hit == null) {
      return false;
    }
    Content content = hit.content(client);
    InFlight.Ticket ticket = null;
    if (content.size() > InFlight.SMALL) {
      ticket = inFlight.ticket(() -> Http1Pipeline.breakOff(request.connection()));
      if (!ticket.takeAnswer(content.memory(), content.size(), false)) {
        return false; // the routes can wait for room
      }
      ticket.writes();
    }
    HttpServerResponse response = request.response();
    hit.begin(response, content); // first, because nothing ends the other if it fails
    Requests.Pending pending = requests.begin(request);
    pending.answering();
    Buffer body = content.buffer();
    pending.end(hit.route(), body == null ? response.end() : response.end(body), ticket);
    return true;
  }
}
