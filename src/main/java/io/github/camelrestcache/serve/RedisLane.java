package io.github.camelrestcache.serve;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.InFlight;
import io.github.camelrestcache.cache.Answer;
import io.github.camelrestcache.cache.Found;
import io.github.camelrestcache.cache.HttpCache;
import io.github.camelrestcache.cache.Lookup;
import io.github.camelrestcache.cache.Serving;
import io.github.camelrestcache.cache.Use;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.upstream.GitHub;
import io.github.camelrestcache.upstream.UpstreamRequest;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.apache.camel.Exchange;

/**
 * Answers forwarded reads from Redis without the routes if a fresh response is stored. Otherwise
 * the routes find what it has found in the variable {@code found}. With {@code FAST_LANE=false} the
 * routes look themselves.
 */
public record RedisLane(
    FastLane lane,
    Catalog catalog,
    Negotiation negotiation,
    GitHub github,
    Lookup lookup,
    HttpCache cache,
    Serving serving) {

  private static final CompletionStage<Reply> NONE = CompletableFuture.completedStage(null);

  /**
   * Looks for the reply to a request. Never blocks.
   *
   * @param executor prepares the reply
   * @return null if the routes must answer
   */
  public CompletionStage<Reply> look(ClientRequest request, Exchange exchange, Executor executor) {
    if (!lane.isOpen()
        || !request.isRead()
        || FastLane.ownRoute(request.path()) != null
        || negotiation.isStored(request, catalog.asked(request))) {
      return NONE;
    }
    try {
      UpstreamRequest ask = github.passOn(request);
      return ask.key() == null
          ? NONE
          : lookup.ahead(ask, executor).thenApply(found -> reply(request, exchange, ask, found));
    } catch (RuntimeException e) {
      return NONE; // the routes tell what is wrong
    }
  }

  private Reply reply(ClientRequest request, Exchange exchange, UpstreamRequest ask, Found found) {
    if (found == null) {
      return null;
    }
    if (found.size() <= InFlight.SMALL) { // what waits for a thread is not counted
      exchange.setVariable("found", found);
    }
    if (cache.use(ask, found) != Use.FRESH) {
      return null;
    }
    Answer answer = cache.hit(found);
    return lane.forwarded(request, serving.of(ask, found, Use.FRESH, null, null, answer, null));
  }
}
