package io.github.camelrestcache.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.RequestId;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;

/**
 * The requests to GitHub in flight, so that concurrent identical ones share one (RFC 9111 4,
 * collapsed requests). {@link Joined} sends the others back to the route, where they wait without a
 * thread or a connection, and then ask the cache again.
 */
public final class Flights {

  /** The outcome of a request, for those that waited for it. */
  enum Outcome {
    /** GitHub answered: ask the cache, and if it has nothing, GitHub */
    ANSWERED,
    /** GitHub failed, and a stale answer replaced it: it serves all that waited */
    STOOD_IN,
    /** GitHub failed: one of those that waited tries again */
    FAILED
  }

  /** The variable with the outcome of the request that an exchange waited for, if any. */
  static final String WAITED = "waited";

  /** A request in flight. */
  record Flight(String key, CompletableFuture<Outcome> landed) {}

  private final Map<String, Flight> underWay = new ConcurrentHashMap<>();

  /**
   * When GitHub answered, by {@link System#nanoTime()}: for requests that looked into the cache
   * before the answer came, and begin after it.
   */
  private final Cache<String, Long> answered =
      Caffeine.newBuilder()
          .executor(Runnable::run)
          .maximumSize(10_000)
          .expireAfterWrite(Duration.ofSeconds(5))
          .build();

  private final Executor workers;
  private final Duration patience;

  /**
   * @param workers continues the requests that waited
   * @param patience the maximum wait for another request
   */
  public Flights(Executor workers, Duration patience) {
    this.workers = workers;
    this.patience = patience;
  }

  /**
   * Begins a request.
   *
   * @param reason why it is made, a {@code fwd} value of RFC 9211
   * @param looked a time before the look-up in the cache, by {@link System#nanoTime()}
   * @throws Joined if an identical one is in flight, or has been answered since
   */
  Flight begin(String key, String reason, long looked) {
    Flight mine = new Flight(key, new CompletableFuture<>());
    Flight others = underWay.putIfAbsent(key, mine);
    if (others != null) {
      throw new Joined(others, reason);
    }
    Long last = answered.getIfPresent(key);
    if (last != null && last - looked >= 0) {
      land(mine, Outcome.ANSWERED);
      throw new Joined(mine, reason);
    }
    return mine;
  }

  void end(Flight flight, Outcome outcome) {
    if (outcome == Outcome.ANSWERED) {
      answered.put(flight.key(), System.nanoTime());
    }
    land(flight, outcome);
  }

  private void land(Flight flight, Outcome outcome) {
    underWay.remove(flight.key(), flight);
    flight.landed().complete(outcome);
  }

  /**
   * Waits for the identical request of another client, for half of GitHub's timeout at most; then
   * that request counts as failed.
   *
   * @throws Problem 502 if two have failed while this one waited
   */
  public CompletableFuture<Void> await(
      Exchange exchange, @ExchangeProperty(Exchange.EXCEPTION_CAUGHT) Joined joined) {
    exchange.setVariable("collapsed", joined.reason);
    Flight flight = joined.flight;
    return flight
        .landed()
        .copy()
        .orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS)
        .handleAsync(
            (outcome, timeout) -> {
              if (timeout != null) {
                underWay.remove(flight.key(), flight);
              }
              RequestId.inLog(exchange.getVariable("request", ClientRequest.class).id());
              goOn(exchange, outcome, joined.reason);
              return null;
            },
            workers);
  }

  /** Sets how a request that waited continues; the outcome is null if it waited too long. */
  private static void goOn(Exchange exchange, Outcome outcome, String reason) {
    Outcome known = outcome;
    if (outcome == null) {
      known = reason.equals("stale") ? Outcome.STOOD_IN : Outcome.FAILED;
    }
    if (known == Outcome.FAILED && exchange.getVariable(WAITED) == Outcome.FAILED) {
      throw new Problem(
          502, "Bad gateway", "GitHub failed twice for identical concurrent requests: try again.");
    }
    exchange.setVariable(WAITED, known);
  }
}
