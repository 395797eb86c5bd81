package io.github.camelrestcache.standin;

import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * GitHub's limit of concurrent requests: paths below {@code /slow/} are held until {@link #open}
 * and answered after a time from then on, and the 101st request of a token at one time is refused
 * at once.
 */
public final class ConcurrencyLimit implements AutoCloseable {
  private static final int MOST = 100;

  private final Map<String, Integer> current = new ConcurrentHashMap<>();
  private final Map<String, Integer> highest = new ConcurrentHashMap<>();
  private final AtomicInteger refused = new AtomicInteger();
  private final CompletableFuture<Void> opened = new CompletableFuture<>();
  private final Duration takes;
  private final GitHubStandIn.Handle handle;

  private ConcurrencyLimit(GitHubStandIn github, Duration takes) {
    this.takes = takes;
    handle = github.override(asked -> asked.path().startsWith("/slow/"), this::answer);
  }

  /** Limits a stand-in until this is closed. */
  public static ConcurrencyLimit of(GitHubStandIn github, Duration takes) {
    return new ConcurrencyLimit(github, takes);
  }

  /** Answers the requests that are held. */
  public void open() {
    opened.complete(null);
  }

  /** Returns the highest number of requests at one time with this Authorization. */
  public int highest(String authorization) {
    return highest.getOrDefault(authorization, 0);
  }

  /** Returns how many requests were refused. */
  public int refused() {
    return refused.get();
  }

  private void answer(Recorded asked, HttpServerRequest request) {
    String token = String.valueOf(asked.header("Authorization"));
    int now = current.merge(token, 1, Integer::sum);
    highest.merge(token, now, Math::max);
    if (now > MOST) {
      refused.incrementAndGet();
      current.merge(token, -1, Integer::sum);
      String message = "You have exceeded a secondary rate limit. Please wait a few minutes.";
      request
          .response()
          .setStatusCode(403)
          .putHeader("Content-Type", "application/json; charset=utf-8")
          .end("{\"message\":\"" + message + "\"}");
      return;
    }
    opened.thenRunAsync(
        () -> {
          current.merge(token, -1, Integer::sum);
          request.response().putHeader("Content-Type", "text/plain").end(asked.path());
        },
        CompletableFuture.delayedExecutor(takes.toMillis(), TimeUnit.MILLISECONDS));
  }

  @Override
  public void close() {
    handle.close();
    open();
  }
}
