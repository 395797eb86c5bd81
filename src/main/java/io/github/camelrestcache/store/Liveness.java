package io.github.camelrestcache.store;

import io.github.camelrestcache.base.BadConfiguration;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.data.redis.RedisConnectionFailureException;

/**
 * Tracks whether Redis answers and accepts writes, from operations and from a probe on its own
 * thread. Each change is logged once.
 */
final class Liveness {

  private record Trouble(Instant began, String reason) {

    static Trouble of(Throwable failure) {
      return new Trouble(Instant.now(), Liveness.reason(failure));
    }

    String since() {
      return "since " + CLOCK.format(began) + " (" + reason + ")";
    }

    String seconds() {
      double seconds = Duration.between(began, Instant.now()).toMillis() / 1000.0;
      return String.format(Locale.ROOT, "%.1f s", seconds);
    }
  }

  private static final Logger LOG = LoggerFactory.getLogger(RedisConnection.class);
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss 'UTC'").withZone(ZoneOffset.UTC);

  /** Milliseconds between two probes. */
  private static final long PAUSE = 500;

  /** How long no write may be refused until writes count as accepted: a full Redis accepts some. */
  private static final Duration CALM = Duration.ofSeconds(5);

  // older versions prefix the code of an error in a script
  private static final Predicate<String> UNUSABLE =
      Pattern.compile("(^|-)(LOADING|MASTERDOWN|NOAUTH|WRONGPASS|BUSY) ").asPredicate();
  private static final Predicate<String> NO_WRITES =
      Pattern.compile("(^|-)(OOM|READONLY|MISCONF|NOREPLICAS) ").asPredicate();
  private static final Predicate<String> NO_MASTER =
      Pattern.compile("(^|-)READONLY ").asPredicate();

  /** Whether the process is ending: an embedded server may end first, which is no news. */
  private static volatile boolean ending;

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> ending = true));
  }

  private final String name;
  private final List<Runnable> returns = new CopyOnWriteArrayList<>();
  private final ScheduledExecutorService probes =
      Executors.newSingleThreadScheduledExecutor(task -> new Thread(task, "redis-probe"));
  private RedisConnections server;

  private volatile int outages;
  private volatile Trouble outage;
  private volatile Trouble refusal;
  private volatile long lastRefusal;

  /** Tracks the Redis of this name in the log. */
  Liveness(String name) {
    this.name = name;
  }

  /** See {@link RedisConnection#onReturn}. */
  void onReturn(Runnable task) {
    returns.add(task);
  }

  /** Probes once, then keeps probing until it is stopped. */
  void start(RedisConnections redis) {
    server = redis;
    try {
      server.probe();
    } catch (RuntimeException e) {
      outages = 1;
      outage = Trouble.of(e);
      LOG.warn(
          "Redis at {} does not answer ({}): starting without it and retrying",
          name,
          outage.reason());
    }
    probes.scheduleWithFixedDelay(this::probe, PAUSE, PAUSE, TimeUnit.MILLISECONDS);
  }

  /** Ends the probe. From now on Redis counts as gone, which is not logged. */
  synchronized void stop() {
    probes.shutdownNow();
    outage = new Trouble(Instant.now(), "the service has stopped");
  }

  boolean isUp() {
    return outage == null;
  }

  String trouble() {
    Trouble now = outage;
    Trouble refused = refusal;
    return now != null
        ? "Redis does not answer " + now.since()
        : refused != null ? "Redis refuses writes " + refused.since() : null;
  }

  /** The number of outages; an operation that began before the latest one tells nothing new. */
  int outages() {
    return outages;
  }

  /** Fails with the time and the reason while Redis does not answer. */
  void check() {
    Trouble now = outage;
    if (now != null) {
      throw new RedisConnectionFailureException("Redis does not answer " + now.since());
    }
  }

  /**
   * Records a failed operation.
   *
   * @param before the number of outages when it began
   * @param first whether it has not been retried
   * @return whether to retry it
   */
  boolean again(int before, Throwable failure, boolean first) {
    String answer = reason(failure);
    boolean unusable = UNUSABLE.test(answer) || isTimeout(failure);
    // check() throws one without a cause, which tells nothing new
    boolean lost = failure instanceof RedisConnectionFailureException && failure.getCause() != null;
    boolean demoted = NO_MASTER.test(answer) && refusal == null;
    if (first && !unusable && (lost && isUp() || demoted)) {
      server.renew();
      return true;
    }
    if (NO_WRITES.test(answer)) {
      refused(failure);
    } else if (unusable || lost) {
      down(before, failure);
    }
    return false;
  }

  /** Records that Redis cannot be used, unless that is known. */
  private void down(int before, Throwable failure) {
    synchronized (this) {
      if (outage != null || outages != before) {
        return;
      }
      outages++;
      outage = Trouble.of(failure);
      if (!ending) {
        LOG.warn(
            "Redis at {} does not answer ({}): operations fail until it does",
            name,
            outage.reason());
      }
    }
    server.end();
    try {
      probes.execute(this::probe);
    } catch (RejectedExecutionException e) {
      LOG.debug("Redis is not probed any more: the service stops");
    }
  }

  private synchronized void refused(Throwable failure) {
    lastRefusal = System.nanoTime();
    if (refusal == null) {
      refusal = Trouble.of(failure);
      LOG.warn("Redis at {} refuses writes ({}): reads continue", name, refusal.reason());
    }
  }

  private void probe() {
    int before = outages;
    Trouble over = outage;
    try {
      boolean moved = server.probe();
      if (over != null && !end(over)) {
        return;
      }
      if (over != null || moved) {
        returns.forEach(Liveness::tell);
      }
      if (refusal != null) {
        probeWrite();
      }
    } catch (RuntimeException | Error e) { // a full heap must not end the probe
      down(before, e);
    }
  }

  /** Ends an outage, unless the probe was stopped meanwhile. */
  private synchronized boolean end(Trouble over) {
    if (outage != over) {
      return false;
    }
    LOG.info("Redis at {} answers again after {}", name, over.seconds());
    outage = null;
    return true;
  }

  private void probeWrite() {
    if (NO_MASTER.test(refusal.reason())) {
      // DNS or the sentinels may name another server by now
      server.renew();
    }
    try {
      server.probeWrite();
    } catch (RuntimeException e) {
      if (!NO_WRITES.test(reason(e))) {
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

  private static void tell(Runnable listener) {
    try {
      listener.run();
    } catch (RuntimeException e) {
      LOG.warn("A task for the return of Redis failed: {}", reason(e));
    }
  }

  static boolean isTimeout(Throwable failure) {
    return innermost(failure) instanceof SocketTimeoutException;
  }

  private static String reason(Throwable failure) {
    return BadConfiguration.sentence(innermost(failure));
  }

  /** The innermost cause; Jedis suppresses that of a failed connection attempt. */
  private static Throwable innermost(Throwable failure) {
    Throwable cause = NestedExceptionUtils.getMostSpecificCause(failure);
    Throwable[] attempts = cause.getSuppressed();
    return attempts.length == 0 ? cause : attempts[attempts.length - 1];
  }
}
