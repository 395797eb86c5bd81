package io.github.camelrestcache.store;

import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.RedisConnectionFailureException;
import redis.clients.jedis.exceptions.JedisConnectionException;

/**
 * Tracks whether Redis answers and accepts writes, from operations and from a probe on its own
 * thread. Each change is logged once.
 */
final class Liveness {

  private record Trouble(Instant began, long nanos, String reason) {

    static Trouble of(Throwable failure) {
      return new Trouble(Instant.now(), System.nanoTime(), Liveness.reason(failure));
    }

    String since() {
      return "since " + CLOCK.format(began) + " (" + reason + ")";
    }

    String seconds() {
      double seconds = (System.nanoTime() - nanos) / 1e9;
      return String.format(Locale.ROOT, "%.1f s", seconds);
    }
  }

  private static final Logger LOG = LoggerFactory.getLogger(RedisConnection.class);
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss 'UTC'").withZone(ZoneOffset.UTC);

  private static final Duration WHILE_UP = Duration.ofSeconds(1);
  private static final Duration WHILE_DOWN = Duration.ofMillis(500);

  /** Nanoseconds without a refusal until writes count as accepted: a full Redis accepts some. */
  private static final long CALM = TimeUnit.SECONDS.toNanos(5);

  // older versions prefix the code of an error in a script
  private static final Pattern UNUSABLE =
      Pattern.compile("(^|.*-)(LOADING|MASTERDOWN|NOAUTH|WRONGPASS|BUSY) .*", Pattern.DOTALL);
  private static final Pattern NO_WRITES =
      Pattern.compile("(^|.*-)(OOM|READONLY|MISCONF|NOREPLICAS) .*", Pattern.DOTALL);
  private static final Pattern NO_MASTER = Pattern.compile("(^|.*-)READONLY .*", Pattern.DOTALL);

  private final String name;
  private final List<Runnable> returns;
  private final Semaphore wake = new Semaphore(0);
  private RedisConnections server;

  private volatile boolean watching;
  private volatile boolean news = true;
  private volatile int outages;
  private volatile Trouble outage;
  private volatile Trouble refusal;
  private volatile long lastRefusal;

  /**
   * @param name the name of Redis in the log
   * @param returns tasks to run when Redis is back
   */
  Liveness(String name, List<Runnable> returns) {
    this.name = name;
    this.returns = returns;
  }

  /**
   * Probes once, then keeps probing until it is stopped.
   *
   * @return why Redis cannot be used yet, or null
   */
  String start(RedisConnections redis) {
    server = redis;
    try {
      server.probe();
    } catch (RuntimeException e) {
      outages = 1;
      outage = Trouble.of(e);
    }
    String reason = outage == null ? null : outage.reason();
    watching = true;
    Thread thread = new Thread(this::watch, "redis-probe");
    thread.setDaemon(true);
    thread.start();
    return reason;
  }

  /** Stops logging. */
  synchronized void hush() {
    news = false;
  }

  /** Stops the probe, which closes all connections. */
  void stop() {
    hush();
    watching = false;
    wake.release();
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

  /**
   * Fails while Redis does not answer.
   *
   * @throws RedisConnectionFailureException with the time and the reason
   */
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
   * @return whether to retry it
   */
  boolean again(int before, Throwable failure, boolean first, boolean repeatable) {
    String answer = reason(failure);
    if (UNUSABLE.matcher(answer).matches() || isTimeout(failure)) {
      down(before, failure);
    } else if (NO_WRITES.matcher(answer).matches()) {
      boolean known = refusal != null;
      if (NO_MASTER.matcher(answer).matches() && first && repeatable && !known) {
        server.renew();
        return true;
      }
      refused(failure);
    } else if (isLost(failure)) {
      if (first && isUp()) {
        server.renew();
        if (!repeatable) {
          wake.release();
        }
        return repeatable;
      }
      down(before, failure);
    }
    return false;
  }

  /** Records that Redis cannot be used, unless that is known. */
  void down(int before, Throwable failure) {
    synchronized (this) {
      if (!watching || outage != null || outages != before) {
        return;
      }
      outages++;
      outage = Trouble.of(failure);
      if (news) {
        LOG.warn(
            "Redis at {} does not answer ({}): operations fail until it does",
            name,
            outage.reason());
      }
    }
    server.end();
    wake.release();
  }

  private synchronized void refused(Throwable failure) {
    lastRefusal = System.nanoTime();
    if (news && refusal == null) {
      refusal = Trouble.of(failure);
      LOG.warn("Redis at {} refuses writes ({}): reads continue", name, refusal.reason());
    }
  }

  private void watch() {
    while (watching) {
      int before = outages;
      Trouble over = outage;
      try {
        boolean moved = server.probe();
        if (over != null) {
          back(over);
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
      pause();
    }
    server.end();
  }

  private synchronized void back(Trouble over) {
    outage = null;
    if (news) {
      LOG.info("Redis at {} answers again after {}", name, over.seconds());
    }
  }

  private void probeWrite() {
    if (NO_MASTER.matcher(refusal.reason()).matches()) {
      // DNS or the sentinels may name another server by now
      server.renew();
      server.probe();
    }
    try {
      server.probeWrite();
    } catch (RuntimeException e) {
      if (!NO_WRITES.matcher(reason(e)).matches()) {
        throw e;
      }
      refused(e);
    }
    synchronized (this) {
      if (System.nanoTime() - lastRefusal > CALM) {
        LOG.info("Redis at {} accepts writes again after {}", name, refusal.seconds());
        refusal = null;
      }
    }
  }

  private void pause() {
    try {
      Duration time = isUp() ? WHILE_UP : WHILE_DOWN;
      wake.tryAcquire(time.toMillis(), TimeUnit.MILLISECONDS);
      wake.drainPermits();
    } catch (InterruptedException e) {
      watching = false;
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
    return causes(failure).anyMatch(SocketTimeoutException.class::isInstance);
  }

  private static boolean isLost(Throwable failure) {
    return causes(failure).anyMatch(JedisConnectionException.class::isInstance);
  }

  private static String reason(Throwable failure) {
    Throwable innermost = causes(failure).reduce((outer, inner) -> inner).orElse(failure);
    String message = innermost.getMessage();
    return message == null
        ? innermost.getClass().getSimpleName()
        : message.strip().replaceAll("\\s*\\R\\s*", " ");
  }

  /** A failure and its causes; Jedis suppresses the cause of a failed connection attempt. */
  static Stream<Throwable> causes(Throwable failure) {
    return Stream.iterate(failure, Objects::nonNull, Liveness::cause);
  }

  private static Throwable cause(Throwable failure) {
    Throwable[] aside = failure.getSuppressed();
    return failure.getCause() != null || aside.length == 0
        ? failure.getCause()
        : aside[aside.length - 1];
  }
}
