package io.github.camelrestcache.cache;

import io.github.camelrestcache.Meters;
import io.github.camelrestcache.http.Backlog;
import io.github.camelrestcache.upstream.UpstreamRequest;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.hc.core5.http.ConnectionRequestTimeoutException;

/**
 * How many requests of callers may be on their way to GitHub at one time; a quarter of them may
 * have content, so that those whose content comes slowly leave the others their way.
 */
final class Slots {

  private static final String TAKEN = "slot";

  private final Semaphore all;
  private final Semaphore withContent;
  private final Meters meters;
  private final Backlog backlog;

  Slots(int most, Meters meters, Backlog backlog) {
    this.meters = meters;
    this.backlog = backlog;
    all = new Semaphore(most);
    withContent = new Semaphore((most + 3) / 4);
    meters.gauge(
        "forwards",
        "Requests of callers that are on their way to GitHub",
        all,
        free -> most - free.availablePermits());
  }

  /**
   * Takes a slot until the exchange is done, unless it has one; if need be, that of the answer
   * whose client is slowest to take it.
   *
   * @throws ConnectionRequestTimeoutException when there is none
   */
  void take(Exchange exchange, UpstreamRequest ask) throws ConnectionRequestTimeoutException {
    if (exchange.getVariable(TAKEN) != null) {
      return;
    }
    boolean content = ask.content() != null;
    if (content && !withContent.tryAcquire()) {
      throw full("Too many with content are under way");
    }
    if (!all.tryAcquire() && !(backlog.breakOffStream() && isSoonFree())) {
      if (content) {
        withContent.release();
      }
      throw full("Too many are under way");
    }
    exchange.setVariable(TAKEN, true);
    OnDone.run(
        exchange,
        () -> {
          all.release();
          if (content) {
            withContent.release();
          }
        });
  }

  /** Who is broken off needs a moment to notice. */
  private boolean isSoonFree() {
    try {
      return all.tryAcquire(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private ConnectionRequestTimeoutException full(String message) {
    meters.refusedForward();
    return new ConnectionRequestTimeoutException(message);
  }
}
