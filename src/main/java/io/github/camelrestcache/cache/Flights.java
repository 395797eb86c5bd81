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
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;

/**
 * The requests to GitHub in flight, so that concurrent identical ones share one (RFC 9111 4,
 * collapsed requests). {@link Joined} sends the others back to the route, where they wait without a
 * thread or a connection, and then ask the cache again.
 */
public final class Flights implements AutoCloseable {

  /** The outcome of a request, for those that waited for it. */
  enum Outcome {
    /** GitHub answered: ask the cache, and if it has nothing, GitHub */
    ANSWERED,
    /** GitHub failed, and a stale answer replaced it: it serves all that waited */
    STOOD_IN,
    /** GitHub failed: one of those that waited tries again */
    FAILED
  }

  /** A request in flight. */
  record Flight(String key, CompletableFuture<Outcome> landed) {}

  /**
   * A request that was answered.
   *
   * @param nanos when, by {@link System#nanoTime()}
   */
  private record Landed(Flight flight, long nanos) {}

  private final Map<String, Flight> underWay = new ConcurrentHashMap<>();

  /** For requests that looked into the cache before an answer came, and begin after it. */
  private final Cache<String, Landed> answered =
      Caffeine.newBuilder()
          .executor(Runnable::run)
          .maximumSize(10_000)
          .expireAfterWrite(Duration.ofSeconds(5))
          .build();

  /** Continue the requests that waited. */
  private final ExecutorService landed;

  private final Duration patience;

  /**
   * @param threads how many requests may continue at a time
   * @param patience the maximum wait for another request
   */
  public Flights(int threads, Duration patience) {
    landed = Executors.newFixedThreadPool(threads);
    this.patience = patience;
  }

  @Override
  public void close() {
    landed.shutdownNow();
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
    Landed last = answered.getIfPresent(key);
    if (last != null && last.nanos() - looked >= 0) {
      land(mine, Outcome.ANSWERED);
      throw new Joined(last.flight(), reason);
    }
    return mine;
  }

  void end(Flight flight, Outcome outcome) {
    if (outcome == Outcome.ANSWERED) {
      answered.put(flight.key(), new Landed(flight, System.nanoTime()));
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
            landed);
  }

  /** Sets how a request that waited continues; the outcome is null if it waited too long. */
  private static void goOn(Exchange exchange, Outcome outcome, String reason) {
    if (outcome == Outcome.ANSWERED) {
      exchange.setVariable("alone", true);
    } else if (outcome == Outcome.STOOD_IN || outcome == null && reason.equals("stale")) {
      exchange.setVariable("githubFails", true);
    } else if (exchange.getVariable("failedOnce") != null) {
      throw new Problem(
          502, "Bad gateway", "GitHub failed twice for identical concurrent requests: try again.");
    } else {
      exchange.setVariable("failedOnce", true);
    }
  }
}
