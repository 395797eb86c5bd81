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

/** Callers of endpoints that are not stored yet, who wait for the first refresh. */
public final class ColdReads implements AutoCloseable {

  /** Those who waited go on with these threads. */
  private final ExecutorService waiters = Executors.newFixedThreadPool(8);

  private final Refreshes refreshes;
  private final Leases leases;
  private final Near near;
  private final Duration wait;

  /**
   * @param wait how long a caller waits at most
   */
  public ColdReads(Refreshes refreshes, Leases leases, Near near, Duration wait) {
    this.refreshes = refreshes;
    this.leases = leases;
    this.near = near;
    this.wait = wait;
  }

  /** Ends the threads. */
  @Override
  public void close() {
    waiters.shutdownNow();
  }

  /**
   * Refreshes for a caller who found nothing stored. It holds no thread while it waits.
   *
   * @return how the caller's request was met, in the words of RFC 9211
   * @throws Problem 503, at once while the endpoint backs off, or when it failed or takes too long
   */
  public CompletableFuture<String> await(
      @Variable("request") ClientRequest request, @Variable("endpoint") CachedEndpoint endpoint) {
    String path = endpoint.path();
    CompletableFuture<Boolean> others = refreshes.running(path);
    State state = leases.state(path);
    if (others == null && state.failures() > 0 && !refreshes.pause(endpoint).isZero()) {
      throw notReady(path, state.reason(), refreshes.pause(endpoint));
    }
    return refreshes
        .begin(endpoint, true)
        // what was joined may not have been due for its timer
        .thenCompose(
            done -> done || others == null ? completed(done) : refreshes.begin(endpoint, true))
        .thenCompose(done -> done ? completed(true) : arrival(endpoint))
        .orTimeout(wait.toMillis(), TimeUnit.MILLISECONDS)
        .handleAsync(
            (done, failure) -> {
              RequestId.inLog(request.id());
              if (failure != null) {
                throw notReady(path, Failures.sentence(failure), refreshes.pause(endpoint));
              }
              return "fwd=uri-miss; fwd-status=200; "
                  + (done && others == null ? "stored" : "collapsed");
            },
            waiters);
  }

  /** Is completed when it is here, by another's refresh. */
  private CompletableFuture<Boolean> arrival(CachedEndpoint endpoint) {
    CompletableFuture<Boolean> arrival = near.arrival(endpoint.path()).thenApply(arrived -> false);
    return near.entry(endpoint) == null ? arrival : completed(false);
  }

  private static CompletableFuture<Boolean> completed(boolean done) {
    return CompletableFuture.completedFuture(done);
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
