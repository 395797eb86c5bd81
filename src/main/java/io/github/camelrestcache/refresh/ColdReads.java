package io.github.camelrestcache.refresh;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.RequestId;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.store.Near;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Variable;

/**
 * Delays reads of an endpoint that is not stored yet until its first refresh or {@code COLD_WAIT}.
 *
 * @param longest the maximum wait
 * @param workers continues the requests that waited
 */
public record ColdReads(
    Schedule schedule, Refreshes refreshes, Near near, Duration longest, Executor workers) {

  /**
   * Waits until an endpoint that is not stored is here. A waiting caller holds no thread.
   *
   * @return the Cache-Status value (RFC 9211)
   * @throws Problem GitHub's status if the endpoint is gone, and 404 for its views; 503 while it
   *     backs off, and if its refresh fails or takes too long
   */
  public CompletableFuture<String> await(
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
    return arrival(endpoint)
        .orTimeout(longest.toMillis(), TimeUnit.MILLISECONDS)
        .handleAsync(
            (met, failure) -> {
              RequestId.inLog(request.id());
              if (failure != null) {
                throw notReady(path, Failures.sentence(failure));
              }
              return "fwd=uri-miss; fwd-status=200; " + met;
            },
            workers);
  }

  /**
   * The word {@code stored} for the caller that causes the refresh, {@code collapsed} for others.
   */
  private synchronized CompletableFuture<String> arrival(CachedEndpoint endpoint) {
    String path = endpoint.path();
    boolean isFirst = !near.isAwaited(path) && !refreshes.isRunning(path);
    CompletableFuture<Void> arrival = near.arrival(path);
    return near.entry(endpoint) == null
        ? arrival.thenApply(done -> isFirst ? "stored" : "collapsed")
        : CompletableFuture.completedFuture("collapsed");
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
