package io.github.camelrestcache.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.RequestId;
import io.github.camelrestcache.upstream.Turns;
import io.github.camelrestcache.upstream.Turns.Turn;
import io.github.camelrestcache.upstream.UpstreamRequest;
import io.github.camelrestcache.upstream.UpstreamResponse;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Variable;
import org.apache.hc.core5.http.ConnectionRequestTimeoutException;

/**
 * The requests to GitHub in flight, so that concurrent identical ones share one (RFC 9111 4,
 * collapsed requests). The others wait without a thread or a connection, and then look into the
 * cache again.
 */
public final class SingleFlight {

  /** The outcome of a request, for those that waited for it. */
  public enum Outcome {
    /** GitHub answered: look into the cache, and if it has nothing, ask GitHub */
    ANSWERED,
    /** GitHub failed, and a stale answer replaced it: it serves all that waited */
    STOOD_IN,
    /** GitHub failed: one of those that waited tries again */
    FAILED
  }

  /**
   * A request in flight, in the variable {@code flight}.
   *
   * @param key null for one that is not shared
   * @param reason why GitHub is asked, a {@code fwd} value of RFC 9211
   * @param isLed whether this request leads it, or waits for it
   * @param asked completed when its turn has come, so that GitHub is asked ({@link Turns})
   */
  public record Flight(
      String key,
      String reason,
      boolean isLed,
      CompletableFuture<Void> asked,
      CompletableFuture<Outcome> landed) {

    private Flight joined(String why) {
      return new Flight(key, why, false, asked, landed);
    }
  }

  /** Fields that select GitHub's answer, besides those that select a stored one. */
  private static final List<String> TELLS_APART =
      List.of("Accept-Language", "Range", "If-None-Match", "If-Modified-Since");

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
  public SingleFlight(Executor workers, Duration patience) {
    this.workers = workers;
    this.patience = patience;
  }

  /**
   * Begins a request, or joins an identical one in flight.
   *
   * @param waited the outcome of the request that this one has waited for, or null
   * @throws SocketTimeoutException if that failed, and a stale answer replaced it
   */
  public Flight join(
      @Variable("ask") UpstreamRequest ask,
      @Variable("found") Found found,
      @Variable("use") Use use,
      @Variable("waited") Outcome waited)
      throws SocketTimeoutException {
    boolean usable = use.validates() && !found.isOutdated();
    if (waited == Outcome.STOOD_IN && usable) {
      throw new SocketTimeoutException("GitHub failed for an identical concurrent request");
    }
    boolean shares =
        found.isCacheable()
            && (waited == null
                || waited == Outcome.FAILED
                || use.validates() && found.isOutdated() && !found.version().mark().isEmpty());
    return shares
        ? join(key(ask, found), use.reason, found.looked())
        : new Flight(null, use.reason, true, null, null);
  }

  /**
   * @param looked a time before the look-up in the cache, by {@link System#nanoTime()}
   */
  Flight join(String key, String reason, long looked) {
    Flight mine =
        new Flight(key, reason, true, new CompletableFuture<>(), new CompletableFuture<>());
    Flight others = underWay.putIfAbsent(key, mine);
    if (others != null) {
      return others.joined(reason);
    }
    Long last = answered.getIfPresent(key);
    if (last != null && last - looked >= 0) {
      land(mine, Outcome.ANSWERED);
      return mine.joined(reason);
    }
    return mine;
  }

  /** The key of a flight: requests with the same key get the same answer. */
  private static String key(UpstreamRequest ask, Found found) {
    StringBuilder key = new StringBuilder(ask.method());
    key.append(found.key()).append(found.version().purge());
    TELLS_APART.forEach(name -> key.append('\n').append(ask.fields().get(name)));
    return key.toString();
  }

  /**
   * Notes that GitHub is asked. A revalidation in the background without a turn counts too: those
   * that joined it wait for a turn of their own.
   */
  public void asked(
      @Variable("request") ClientRequest client,
      @Variable("flight") Flight flight,
      @Variable("turn") Turn turn) {
    if (flight != null && flight.key() != null && (turn.hasCome() || client == null)) {
      flight.asked().complete(null);
    }
  }

  /** Ends the request if it was led, and tells those that wait. */
  public void end(
      @Variable("flight") Flight flight,
      @Variable("answer") Answer answer,
      @Variable("answered") UpstreamResponse response) {
    if (flight != null && flight.isLed() && flight.key() != null) {
      end(flight, outcome(answer, response));
    }
  }

  private static Outcome outcome(Answer answer, UpstreamResponse response) {
    if (answer == null) {
      return Outcome.FAILED;
    } else if (answer.kind() == Answer.Kind.STOOD_IN) {
      return Outcome.STOOD_IN;
    }
    return answer.response() != null || response.status() < 500 ? Outcome.ANSWERED : Outcome.FAILED;
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
   * Waits for the identical request of another client: for its turn, and then for half of GitHub's
   * timeout at most; then that request counts as failed.
   *
   * @param before the outcome of the request that this one has waited for before, or null
   * @throws Problem 503 if its turn has not come; 502 if two have failed while this one waited
   */
  public CompletableFuture<Outcome> await(
      @Variable("request") ClientRequest client,
      @Variable("flight") Flight flight,
      @Variable("waited") Outcome before) {
    if (flight.isLed()) { // GitHub has refused the service's token: ask again, without it
      return CompletableFuture.completedFuture(null);
    }
    return CompletableFuture.anyOf(flight.asked(), flight.landed())
        .thenCompose(
            begun -> flight.landed().copy().orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS))
        .handleAsync(
            (outcome, timeout) -> {
              RequestId.inLog(client.id());
              if (timeout != null) {
                underWay.computeIfPresent(
                    flight.key(), (key, now) -> now.landed() == flight.landed() ? null : now);
              }
              if (outcome == Outcome.FAILED && !flight.asked().isDone()) {
                throw Problem.of(new ConnectionRequestTimeoutException(Turns.BUSY));
              }
              Outcome known = outcome;
              if (timeout != null) {
                known = flight.reason().equals("stale") ? Outcome.STOOD_IN : Outcome.FAILED;
              }
              if (known == Outcome.FAILED && before == Outcome.FAILED) {
                throw new Problem(
                    502,
                    "Bad gateway",
                    "GitHub failed twice for identical concurrent requests: try again.");
              }
              return known;
            },
            workers);
  }
}
