package io.github.camelrestcache.refresh;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.RequestId;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.refresh.Refreshes.Place;
import io.github.camelrestcache.store.Near;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Variable;

/**
 * Delays reads of an endpoint that is not stored yet until its first refresh or {@code COLD_WAIT}.
 */
public final class ColdReads implements AutoCloseable {

  /** Continue the requests that waited. */
  private final ExecutorService waiters = Executors.newFixedThreadPool(8);

  private final Schedule schedule;
  private final Refreshes refreshes;
  private final Near near;
  private final Duration wait;

  public ColdReads(Schedule schedule, Refreshes refreshes, Near near, Duration wait) {
    this.schedule = schedule;
    this.refreshes = refreshes;
    this.near = near;
    this.wait = wait;
  }

  @Override
  public void close() {
    waiters.shutdownNow();
  }

  /**
   * What a caller waits for.
   *
   * @param stored completes when the endpoint is stored, and fails when its refresh fails
   */
  public record Arrival(CompletableFuture<Void> stored) {}

  /**
   * Expects an endpoint that is not stored.
   *
   * @throws Problem 503 while the endpoint backs off; GitHub's status if the endpoint is gone, and
   *     404 for its views
   */
  public Arrival expect(
      @Variable("request") ClientRequest request, @Variable("endpoint") CachedEndpoint endpoint) {
    String path = endpoint.path();
    State state = schedule.state(path);
    if (state.isGone()) {
      boolean isView = !request.path().equals(endpoint.plainPath());
      String answered = "GitHub answers %s with %d.".formatted(path, state.gone());
      throw new Problem(isView ? 404 : state.gone(), "Not at GitHub", answered);
    }
    if (!refreshes.isRunning(path) && state.failures() > 0 && !schedule.pause(path).isZero()) {
      throw notReady(path, state.reason());
    }
    CompletableFuture<Void> arrival = near.arrival(path);
    return new Arrival(
        near.entry(endpoint) == null ? arrival : CompletableFuture.completedFuture(null));
  }

  /**
   * Waits for the arrival of an endpoint. A waiting caller holds no thread.
   *
   * @param place the place in the queue if this caller has caused the refresh, or null
   * @return the Cache-Status value (RFC 9211)
   * @throws Problem 503 if the refresh fails or takes too long
   */
  public CompletableFuture<String> await(
      @Variable("request") ClientRequest request,
      @Variable("endpoint") CachedEndpoint endpoint,
      @Variable("awaited") Arrival awaited,
      @Variable("place") Place place) {
    return awaited
        .stored()
        .thenApply(done -> "fwd=uri-miss; fwd-status=200; ")
        .orTimeout(wait.toMillis(), TimeUnit.MILLISECONDS)
        .handleAsync(
            (met, failure) -> {
              RequestId.inLog(request.id());
              if (failure != null) {
                throw notReady(endpoint.path(), Failures.sentence(failure));
              }
              return met + (place == null ? "collapsed" : "stored");
            },
            waiters);
  }

  private Problem notReady(String path, String reason) {
    return new Problem(
            503,
            "Not ready",
            "%s is not stored yet. %s. Try again after the time in Retry-After."
                .formatted(path, reason.replaceAll("\\.$", "")))
        .retryAfter(schedule.pause(path));
  }
}
