package io.github.camelrestcache.cache;

import io.github.camelrestcache.Settings;
import io.github.camelrestcache.http.Problem;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.camel.BindToRegistry;
import org.apache.camel.CamelContext;
import org.apache.camel.CamelContextAware;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;

/**
 * The requests to GitHub that are under way, so that concurrent identical ones share one (RFC 9111
 * 4, collapsed requests). Who finds one under way is sent back with {@link Joined}, waits in the
 * route, holding neither a thread nor a connection, and asks the cache again.
 */
@BindToRegistry(value = "flights", initMethod = "start", destroyMethod = "stop")
public class Flights implements CamelContextAware {

  /** What became of a request, for those who waited for it. */
  enum Outcome {
    /** its answer is stored: ask the cache */
    STORED,
    /** its answer was for one caller only: each asks GitHub */
    NOT_STORED,
    /** it brought no answer: one of the others tries again */
    FAILED
  }

  /** A request that is under way. */
  record Flight(String key, CompletableFuture<Outcome> landed) {}

  private final Map<String, Flight> underWay = new ConcurrentHashMap<>();
  private CamelContext context;
  private ExecutorService landed;

  @Override
  public CamelContext getCamelContext() {
    return context;
  }

  @Override
  public void setCamelContext(CamelContext context) {
    this.context = context;
  }

  /** Prepares the threads that those who waited go on with. */
  public void start() {
    if (landed == null) {
      landed =
          context
              .getExecutorServiceManager()
              .newFixedThreadPool(this, "landed", Settings.number(context, "request.threads"));
    }
  }

  /** Ends them. */
  public void stop() {
    if (landed != null) {
      context.getExecutorServiceManager().shutdownNow(landed);
      landed = null;
    }
  }

  /**
   * Begins a request.
   *
   * @param reason why it is made, in the words of RFC 9211
   * @throws Joined when the same is under way
   */
  Flight begin(String key, String reason) {
    Flight mine = new Flight(key, new CompletableFuture<>());
    Flight others = underWay.putIfAbsent(key, mine);
    if (others != null) {
      throw new Joined(others, reason);
    }
    return mine;
  }

  /** Ends a request. */
  void end(Flight flight, Outcome outcome) {
    underWay.remove(flight.key(), flight);
    flight.landed().complete(outcome);
  }

  /**
   * Waits for the request that another client's exchange has under way, but not longer than half
   * the time that GitHub has: then it counts as failed, and one of those who wait tries again.
   *
   * @throws Problem 504 when the waiting takes longer than GitHub may
   */
  public CompletableFuture<Void> await(
      Exchange exchange, @ExchangeProperty(Exchange.EXCEPTION_CAUGHT) Joined joined) {
    Duration most = Settings.time(context, "github.answer.timeout");
    if (exchange.getClock().elapsed() > most.toMillis() * 2) {
      throw new Problem(
          504, "Gateway timeout", "GitHub did not answer in time: try again in a moment.");
    }
    exchange.setVariable("collapsed", joined.reason());
    Flight flight = joined.flight();
    return flight
        .landed()
        .copy()
        .orTimeout(most.toMillis() / 2, TimeUnit.MILLISECONDS)
        .handleAsync(
            (outcome, timeout) -> {
              if (timeout != null) {
                underWay.remove(flight.key(), flight);
              } else if (outcome == Outcome.NOT_STORED) {
                exchange.setVariable("alone", true);
              }
              return null;
            },
            landed);
  }
}
