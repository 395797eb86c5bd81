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
 * The requests to GitHub that are under way, so that concurrent identical ones share one (RFC 9111
 * 4, collapsed requests). Who finds one under way is sent back with {@link Joined}, waits in the
 * route, holding neither a thread nor a connection, and asks the cache again.
 */
public final class Flights implements AutoCloseable {

  /** What became of a request, for those who waited for it. */
  enum Outcome {
    /** GitHub answered: ask the cache, and if that has nothing, each asks GitHub */
    ANSWERED,
    /** GitHub failed, and a stale answer stood in: it does for all */
    STOOD_IN,
    /** GitHub failed: one of the others tries again */
    FAILED
  }

  /** A request that is under way. */
  record Flight(String key, CompletableFuture<Outcome> landed) {}

  /**
   * An answer that has come.
   *
   * @param nanos when, by {@link System#nanoTime()}
   */
  private record Landed(Flight flight, long nanos) {}

  private final Map<String, Flight> underWay = new ConcurrentHashMap<>();

  /** For those who have looked into the cache before an answer came, and begin after it. */
  private final Cache<String, Landed> answered =
      Caffeine.newBuilder()
          .executor(Runnable::run)
          .maximumSize(10_000)
          .expireAfterWrite(Duration.ofSeconds(5))
          .build();

  /** Those who waited go on with these threads. */
  private final ExecutorService landed;

  private final Duration patience;

  /**
   * @param threads how many requests may go on at a time
   * @param patience how long a request waits for another
   */
  public Flights(int threads, Duration patience) {
    landed = Executors.newFixedThreadPool(threads);
    this.patience = patience;
  }

  /** Ends the threads. */
  @Override
  public void close() {
    landed.shutdownNow();
  }

  /**
   * Begins a request.
   *
   * @param reason why it is made, in the words of RFC 9211
   * @param looked before the cache was looked into, by {@link System#nanoTime()}
   * @throws Joined when the same is under way, or has been answered since
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

  /** Ends a request. */
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
   * Waits for the request that another client's exchange has under way, but not longer than half
   * the time that GitHub has: then it counts as failed.
   *
   * @throws Problem 502 when two have failed while this one waited
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

  /** Says what the one who waited may do now; the outcome is null when it waited too long. */
  private static void goOn(Exchange exchange, Outcome outcome, String reason) {
    if (outcome == Outcome.ANSWERED) {
      exchange.setVariable("alone", true);
    } else if (outcome == Outcome.STOOD_IN || outcome == null && reason.equals("stale")) {
      exchange.setVariable("githubFails", true);
    } else if (exchange.getVariable("failedOnce") != null) {
      throw new Problem(
          502, "Bad gateway", "GitHub failed twice for others who asked for the same: try again.");
    } else {
      exchange.setVariable("failedOnce", true);
    }
  }
}
