package io.github.camelrestcache.upstream;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.RequestId;
import io.micrometer.core.instrument.Gauge;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import org.apache.camel.Variable;
import org.apache.hc.core5.http.ConnectionRequestTimeoutException;

/**
 * Limits the concurrent requests of each credential at GitHub, which allows 100, REST and GraphQL
 * together ("Rate limits for the REST API", secondary limits). Each instance has an equal share.
 * Other requests of the credential wait in the order of their arrival. Camel's {@code throttle}
 * would hold a thread for each of them, and has no time limit.
 *
 * <p>The number of waiting requests is bounded by {@code MAX_CONNECTIONS}.
 */
public final class Turns {

  /** Per credential and for all instances; the rest is for instances that have just started. */
  static final int MOST = 90;

  /** Why a request did not get its turn. */
  public static final String BUSY = "at most " + MOST + " at a time for one credential";

  /** The requests of a credential, guarded by this object. */
  private static final class Line {
    private final String credential;
    private final Deque<Turn> waiting = new ArrayDeque<>();
    private int taken;

    private Line(String credential) {
      this.credential = credential;
    }
  }

  /** One request's turn, in the variable {@code turn}. */
  public static final class Turn {
    /** Whether its turn has come; false after the maximum wait. */
    private final CompletableFuture<Boolean> come = new CompletableFuture<>();

    private final Line line;
    private boolean isOver;

    private Turn(Line line) {
      this.line = line;
    }

    /** Whether the request may be sent. */
    public boolean hasCome() {
      return come.getNow(false);
    }

    /**
     * @throws ConnectionRequestTimeoutException if the request may not be sent
     */
    void check() throws ConnectionRequestTimeoutException {
      if (!hasCome()) {
        throw new ConnectionRequestTimeoutException(BUSY);
      }
    }
  }

  private final Map<String, Line> lines = new HashMap<>();
  private final IntSupplier instances;
  private final Duration patience;
  private final Executor workers;

  /**
   * @param instances the number of instances, this one included
   * @param patience the maximum wait
   * @param workers continues the requests that waited
   */
  public Turns(IntSupplier instances, Duration patience, Executor workers, Meters meters) {
    this.instances = instances;
    this.patience = patience;
    this.workers = workers;
    Gauge.builder("restcache.forwards.waiting", this, Turns::waiting)
        .description("Requests that wait because their credential has too many at GitHub")
        .strongReference(true)
        .register(meters.registry());
  }

  private synchronized int waiting() {
    return lines.values().stream().mapToInt(line -> line.waiting.size()).sum();
  }

  /**
   * Waits for the turn of a request. A client's request holds no thread meanwhile. A refresh blocks
   * the thread that it has anyway, so that no more than eight are under way, and is next in line. A
   * revalidation in the background does not wait, because nothing would limit their number.
   *
   * @param client null for a request without a client
   * @return the turn, which has not come if the wait was too long; {@link #end} it
   */
  public CompletableFuture<Turn> await(
      @Variable("request") ClientRequest client, @Variable("ask") UpstreamRequest ask) {
    boolean isRefresh = ask.deadline() != null;
    Turn turn = enter(ask.credential(), isRefresh);
    if (turn.hasCome() || client == null && !isRefresh) {
      return CompletableFuture.completedFuture(turn);
    }
    turn.come.completeOnTimeout(false, patience.toMillis(), TimeUnit.MILLISECONDS);
    if (isRefresh) {
      turn.come.join();
      return CompletableFuture.completedFuture(turn);
    }
    return turn.come.thenApplyAsync(
        come -> {
          RequestId.inLog(client.id());
          return turn;
        },
        workers);
  }

  private synchronized Turn enter(String credential, boolean isNext) {
    Turn turn = new Turn(lines.computeIfAbsent(credential, Line::new));
    if (isNext) {
      turn.line.waiting.addFirst(turn);
    } else {
      turn.line.waiting.addLast(turn);
    }
    advance(turn.line);
    return turn;
  }

  private void advance(Line line) {
    int most = Math.max(1, MOST / instances.getAsInt());
    while (line.taken < most && !line.waiting.isEmpty()) {
      if (line.waiting.removeFirst().come.complete(true)) {
        line.taken++;
      }
    }
  }

  /** Ends a turn, or the wait for it. Repeated calls and a null have no effect. */
  public synchronized void end(@Variable("turn") Turn turn) {
    if (turn == null || turn.isOver) {
      return;
    }
    turn.isOver = true;
    Line line = turn.line;
    turn.come.complete(false);
    if (turn.hasCome()) {
      line.taken--;
    } else {
      line.waiting.remove(turn);
    }
    advance(line);
    if (line.taken == 0 && line.waiting.isEmpty()) {
      lines.remove(line.credential, line);
    }
  }
}
