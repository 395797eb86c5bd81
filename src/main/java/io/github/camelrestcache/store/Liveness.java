package io.github.camelrestcache.store;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.RedisConnectionFailureException;

/**
 * A circuit breaker, opened by the first failure and closed by a background probe. It also tracks
 * whether Redis accepts writes. Each change is logged once.
 */
final class Liveness {

  private record Fault(String what, Instant began, String reason) {

    static Fault of(String what, Throwable failure) {
      return new Fault(what, Instant.now(), RedisFailure.reason(failure));
    }

    @Override
    public String toString() {
      return what + " since " + CLOCK.format(began) + " (" + reason + ")";
    }

    String seconds() {
      double seconds = Duration.between(began, Instant.now()).toMillis() / 1000.0;
      return String.format(Locale.ROOT, "%.1f s", seconds);
    }
  }

  private static final Logger LOG = LoggerFactory.getLogger(RedisConnection.class);
  private static final String NO_ANSWER = "Redis does not answer";
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss 'UTC'").withZone(ZoneOffset.UTC);

  /**
   * The maximum number of attempts of an operation that loses its connection: a closed connection
   * may be detected only when a command is sent.
   */
  private static final int MAX_TRIES = 3;

  /** Milliseconds between two probes. With their timeout, less than a second. */
  private static final long PAUSE = 100;

  /** How long no write may be refused until writes count as accepted: a full Redis accepts some. */
  private static final Duration CALM = Duration.ofSeconds(5);

  /** Whether the process is ending: an embedded server may end first, which is no news. */
  private static volatile boolean ending;

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> ending = true));
  }

  private final String name;
  private final ScheduledExecutorService probes =
      Executors.newSingleThreadScheduledExecutor(task -> new Thread(task, "redis-probe"));
  private RedisConnections server;
  private Runnable onReturn;

  /** While the circuit breaker is open, why it is; null while Redis answers. */
  private volatile Fault outage;

  private volatile Fault refusal;
  private volatile long lastRefusal;

  /** The number of times that all connections were closed; earlier failures are ignored. */
  private volatile int resets;

  /** Whether the probe has written since the last refusal. */
  private volatile boolean hasWritten;

  /** Tracks the Redis of this name in the log. */
  Liveness(String name) {
    this.name = name;
  }

  /**
   * Probes once, then keeps probing until it is stopped.
   *
   * @param onReturn runs after each outage, on the thread of the probe
   */
  void start(RedisConnections redis, Runnable onReturn) {
    server = redis;
    this.onReturn = onReturn;
    probe();
    probes.scheduleWithFixedDelay(this::probe, PAUSE, PAUSE, TimeUnit.MILLISECONDS);
  }

  /** Ends the probe. From now on Redis counts as gone, which is not logged. */
  synchronized void stop() {
    probes.shutdownNow();
    outage = new Fault(NO_ANSWER, Instant.now(), "the service has stopped");
  }

  boolean isUp() {
    return outage == null;
  }

  String failure() {
    Fault gone = outage;
    return Objects.toString(gone == null ? refusal : gone, null);
  }

  /** Fails with the time and the reason while Redis does not answer. */
  void check() {
    Fault gone = outage;
    if (gone != null) {
      throw new RedisConnectionFailureException(gone.toString());
    }
  }

  /**
   * Records a failed operation.
   *
   * @param tries how often it has been tried
   * @param before the number of {@link #resets} when it began
   * @return whether to retry it on a new connection
   */
  boolean again(Throwable failure, int tries, int before) {
    String answer = RedisFailure.reason(failure);
    if (RedisFailure.NO_MASTER.test(answer) && refusal == null && tries == 1) {
      reset(before);
      return true;
    } else if (RedisFailure.NO_WRITES.test(answer)) {
      refused(failure);
    } else if (RedisFailure.isLost(failure) && tries < MAX_TRIES && isUp()) {
      return true;
    } else if (resets == before && isUp() && RedisFailure.isOutage(failure)) {
      fail(failure);
    }
    return false;
  }

  int resets() {
    return resets;
  }

  private synchronized void reset(int before) {
    if (resets == before) {
      resets++;
      server.resetConnection();
    }
  }

  /** Opens the circuit breaker, or updates the reason: there may be another one by now. */
  private synchronized void fail(Throwable failure) {
    if (outage != null) {
      if (!probes.isShutdown() && !RedisFailure.isLost(failure)) {
        outage = new Fault(NO_ANSWER, outage.began(), RedisFailure.reason(failure));
      }
      return;
    }
    outage = Fault.of(NO_ANSWER, failure);
    if (!ending) {
      LOG.warn(
          "Redis at {} does not answer ({}): operations fail until it does", name, outage.reason());
    }
    reset(resets); // aborts operations in flight
  }

  private synchronized void refused(Throwable failure) {
    lastRefusal = System.nanoTime();
    hasWritten = false;
    if (refusal == null) {
      refusal = Fault.of("Redis refuses writes", failure);
      LOG.warn("Redis at {} refuses writes ({}): reads continue", name, refusal.reason());
    }
  }

  private void probe() {
    try {
      try {
        probeRead();
      } catch (RuntimeException e) {
        if (!isUp() || !RedisFailure.isLost(e)) {
          throw e;
        }
        probeRead();
      }
      if (end()) {
        onReturn.run();
      }
      if (refusal != null) {
        probeWrite();
      }
    } catch (RuntimeException e) {
      fail(e);
    } catch (Error e) { // must not end the probe
      LOG.error("The probe of Redis failed", e);
    }
  }

  private void probeRead() {
    server.probe().read();
    if (!server.connect()) {
      reset(resets); // a new connection tells why this one does not return
    }
  }

  /** Ends an outage, unless the probe was stopped meanwhile. */
  private synchronized boolean end() {
    if (outage == null || probes.isShutdown()) {
      return false;
    }
    LOG.info("Redis at {} answers again after {}", name, outage.seconds());
    outage = null;
    return true;
  }

  private void probeWrite() {
    boolean noMaster = RedisFailure.NO_MASTER.test(refusal.reason());
    if (noMaster && !hasWritten) {
      server.probe().reset(); // DNS or the sentinels may name another server by now
    }
    try {
      server.probe().write();
      if (noMaster && !hasWritten) {
        reset(resets);
      }
      hasWritten = true;
    } catch (RuntimeException e) {
      if (!RedisFailure.NO_WRITES.test(RedisFailure.reason(e))) {
        throw e;
      }
      refused(e);
    }
    synchronized (this) {
      if (System.nanoTime() - lastRefusal > CALM.toNanos()) {
        LOG.info("Redis at {} accepts writes again after {}", name, refusal.seconds());
        refusal = null;
      }
    }
  }
}
