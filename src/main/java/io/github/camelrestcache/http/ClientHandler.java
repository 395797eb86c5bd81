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
 * Handles well-formed requests of clients: answers OPTIONS, limits the rate of all others, answers
 * from the fast lane if it can, and passes the rest to Camel's routes.
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
    if (Cors.isOptions(request)) {
      answerOptions(request);
      return;
    }
    Problem problem = rates.problem(request);
    if (problem != null) {
      requests.refuse(request, problem);
    } else if (!lane.isOpen() || !isPlain(request) || !answers(request)) {
      routes.handle(request);
    }
  }

  /** The rate is not limited: a refusal would cost as much, and hide the reason from the page. */
  private void answerOptions(HttpServerRequest request) {
    Requests.Pending pending = requests.begin(request);
    Cors.answerOptions(request, FastLane.ownRoute(request.path()) != null);
    pending.answering();
    pending.end(Requests.OPTIONS, request.response().end(), null);
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
