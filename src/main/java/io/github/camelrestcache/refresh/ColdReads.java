package io.github.camelrestcache.refresh;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.RequestId;
import io.github.camelrestcache.catalog.CachedEndpoint;
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

  private final Refreshes refreshes;
  private final Leases leases;
  private final Near near;
  private final Duration wait;

  public ColdReads(Refreshes refreshes, Leases leases, Near near, Duration wait) {
    this.refreshes = refreshes;
    this.leases = leases;
    this.near = near;
    this.wait = wait;
  }

  @Override
  public void close() {
    waiters.shutdownNow();
  }

  /**
   * Refreshes an endpoint that is not stored. A waiting caller holds no thread.
   *
   * @return the Cache-Status value (RFC 9211)
   * @throws Problem 503, at once while the endpoint backs off, or if the refresh fails or takes too
   *     long; GitHub's status if the endpoint is gone, and 404 for its views
   */
  public CompletableFuture<String> await(
      @Variable("request") ClientRequest request, @Variable("endpoint") CachedEndpoint endpoint) {
    String path = endpoint.path();
    CompletableFuture<Boolean> others = refreshes.running(path);
    State state = leases.state(path);
    if (state.isGone()) {
      boolean isView = !request.path().equals(endpoint.plainPath());
      String answered = "GitHub answers %s with %d.".formatted(path, state.gone());
      throw new Problem(isView ? 404 : state.gone(), "Not at GitHub", answered);
    }
    if (others == null && state.failures() > 0 && !leases.pause(path).isZero()) {
      throw notReady(path, state.reason(), leases.pause(path));
    }
    return refreshes
        .begin(endpoint, true)
        .thenCompose(done -> done ? CompletableFuture.completedFuture(true) : arrival(endpoint))
        .orTimeout(wait.toMillis(), TimeUnit.MILLISECONDS)
        .handleAsync(
            (done, failure) -> {
              RequestId.inLog(request.id());
              if (failure != null) {
                throw notReady(path, Failures.sentence(failure), leases.pause(path));
              }
              return "fwd=uri-miss; fwd-status=200; "
                  + (done && others == null ? "stored" : "collapsed");
            },
            waiters);
  }

  /** Completes when the refresh of another instance arrives here. */
  private CompletableFuture<Boolean> arrival(CachedEndpoint endpoint) {
    CompletableFuture<Boolean> arrival = near.arrival(endpoint.path()).thenApply(arrived -> false);
    return near.entry(endpoint) == null ? arrival : CompletableFuture.completedFuture(false);
  }

  private static Problem notReady(String path, String reason, Duration wait) {
    return new Problem(
            503,
            "Not ready",
            "%s is not stored yet. %s. Try again after the time in Retry-After."
                .formatted(path, reason.replaceAll("\\.$", "")))
        .retryAfter(wait);
  }
}
