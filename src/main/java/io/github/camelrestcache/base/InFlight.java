package io.github.camelrestcache.base;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Limits the memory and the concurrency of requests in flight. Each request holds a {@link Ticket}
 * and releases it when it is done. If a share is exhausted, the budget closes the connection among
 * its holders whose write has stalled longest, if for more than a second.
 */
public final class InFlight {

  /** The limited resources. */
  public enum Share {
    /** Bytes of answers that clients have not read yet; limit: a quarter of the heap. */
    ANSWERS,
    /**
     * Bytes of large contents that pass through the cache; limit: a sixteenth of the heap. Requests
     * wait for it, because others soon release it.
     */
    CONTENTS,
    /** Forwarded requests; limit: {@code MAX_FORWARDS}. */
    FORWARDS,
    /** Forwarded requests with content, which may arrive slowly; limit: a quarter. */
    UPLOADS,
    /** Large lists that are decompressed while they are sent; each holds a thread. */
    STREAMS
  }

  /** Answers up to this size, in bytes, are not counted. */
  public static final int SMALL = 16 << 10;

  /** A longer write has stalled; also the time that a closed connection gets to release. */
  private static final long STALLED = TimeUnit.SECONDS.toNanos(1);

  /** The maximum wait for {@link Share#CONTENTS}. */
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(10);

  private static final long MAX_STREAMS = 64;

  /** The maximum of waiting requests: each holds a thread and possibly its content. */
  private static final int MAX_WAITING = 16;

  private final Map<Share, Long> most = new EnumMap<>(Share.class);
  private final Map<Share, Long> used = new EnumMap<>(Share.class);
  private final Map<Share, Integer> waiting = new EnumMap<>(Share.class);

  /** Contents that are being sent, each with its number of answers. */
  private final Map<Object, Integer> sending = new IdentityHashMap<>();

  /** Requests with an unfinished write, oldest first. */
  private final Set<Ticket> writing = new LinkedHashSet<>();

  /** Whether each connection encrypts a copy of shared content. */
  private final boolean copies;

  private final Counter refused;

  public InFlight(Settings settings, Meters meters) {
    long heap = Runtime.getRuntime().maxMemory();
    long forwards = settings.forwarding().most();
    copies = settings.tls() != null;
    most.put(Share.ANSWERS, heap / 4);
    most.put(Share.CONTENTS, heap / 16);
    most.put(Share.FORWARDS, forwards);
    most.put(Share.UPLOADS, (forwards + 3) / 4);
    most.put(Share.STREAMS, MAX_STREAMS);
    for (Share share : Share.values()) {
      used.put(share, 0L);
      waiting.put(share, 0);
    }
    Gauge.builder("restcache.forwards", this, InFlight::forwards)
        .description("Forwarded requests that are in flight")
        .strongReference(true)
        .register(meters.registry());
    refused =
        Counter.builder("restcache.forwards.refused")
            .description("Requests that were refused because MAX_FORWARDS were in flight")
            .register(meters.registry());
  }

  private synchronized long forwards() {
    return used.get(Share.FORWARDS);
  }

  /**
   * Creates the ticket of a request.
   *
   * @param breakOff closes the request's connection at once, without flushing
   */
  public Ticket ticket(Runnable breakOff) {
    return new Ticket(breakOff);
  }

  /** Whether the share has room, after waiting for it if {@code waits}; needs the lock. */
  private boolean hasRoom(Share share, long wanted, boolean waits) {
    long end = System.nanoTime() + (share == Share.CONTENTS ? PATIENCE : 0);
    while (used.get(share) > 0 && used.get(share) + wanted > most.get(share)) {
      if (waits && breakOffStalled(share)) {
        end = Math.max(end, System.nanoTime() + STALLED); // the holder needs time to release it
      }
      long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      boolean crowded = waiting.get(share) >= MAX_WAITING;
      if (!waits || left <= 0 || crowded || !pause(share, Math.min(left, 100))) {
        return false;
      }
    }
    return true;
  }

  private boolean pause(Share share, long millis) {
    waiting.merge(share, 1, Integer::sum);
    try {
      wait(millis);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      waiting.merge(share, -1, Integer::sum);
    }
  }

  /** Closes the connection of the oldest write if it has stalled, one connection at a time. */
  private boolean breakOffStalled(Share share) {
    Ticket oldest =
        writing.stream().filter(each -> each.held.containsKey(share)).findFirst().orElse(null);
    if (oldest == null || oldest.broken || System.nanoTime() - oldest.since < STALLED) {
      return false;
    }
    oldest.broken = true;
    oldest.breakOff.run();
    return true;
  }

  /** The reservations of one request, guarded by the lock of the budget. */
  public final class Ticket implements AutoCloseable {

    private final Runnable breakOff;
    private final Map<Share, Long> held = new EnumMap<>(Share.class);
    private Object content;
    private long since;
    private boolean broken;

    private Ticket(Runnable breakOff) {
      this.breakOff = breakOff;
    }

    /**
     * Reserves part of a share until the ticket is closed. Repeated calls have no effect.
     *
     * @param amount bytes or requests, capped at the limit of the share
     * @return false if the share is exhausted
     */
    public boolean take(Share share, long amount) {
      synchronized (InFlight.this) {
        long wanted = Math.min(amount, most.get(share));
        if (held.containsKey(share)) {
          return true;
        } else if (hasRoom(share, wanted, true)) {
          used.merge(share, wanted, Long::sum);
          held.put(share, wanted);
          return true;
        } else if (share == Share.FORWARDS || share == Share.UPLOADS) {
          refused.increment();
        }
        return false;
      }
    }

    /**
     * Reserves memory for an answer.
     *
     * @param shared identifies the memory; answers that share it pass the same object
     * @param size the size in bytes
     * @param waits whether to wait until a closed connection releases its memory
     * @return false if the share is exhausted
     */
    public boolean takeAnswer(Object shared, int size, boolean waits) {
      Object content = copies ? new Object() : shared;
      synchronized (InFlight.this) {
        if (size <= SMALL || held.containsKey(Share.ANSWERS)) {
          return true;
        }
        if (!sending.containsKey(content) && !hasRoom(Share.ANSWERS, size, waits)) {
          return false;
        }
        // another request may have added it during the wait
        if (sending.merge(content, 1, Integer::sum) == 1) {
          used.merge(Share.ANSWERS, (long) size, Long::sum);
        }
        held.put(Share.ANSWERS, (long) size);
        this.content = content;
        return true;
      }
    }

    /** Marks the start of a write that waits for the client. */
    public void writes() {
      synchronized (InFlight.this) {
        since = System.nanoTime();
        writing.remove(this);
        writing.add(this);
      }
    }

    /** Marks the end of the write. */
    public void written() {
      synchronized (InFlight.this) {
        writing.remove(this);
      }
    }

    /** Whether the budget closed the connection to free a share. */
    public boolean isBroken() {
      synchronized (InFlight.this) {
        return broken;
      }
    }

    private void giveBack(Share share) {
      Long amount = held.remove(share);
      if (amount != null && (share != Share.ANSWERS || isLastAnswer())) {
        used.merge(share, -amount, Long::sum);
        InFlight.this.notifyAll();
      }
    }

    private boolean isLastAnswer() {
      return sending.merge(content, -1, (all, one) -> all > 1 ? all + one : null) == null;
    }

    /** Releases everything but the memory of the answer, which is still being sent. */
    public void done() {
      synchronized (InFlight.this) {
        for (Share share : Share.values()) {
          if (share != Share.ANSWERS) {
            giveBack(share);
          }
        }
      }
    }

    @Override
    public void close() {
      synchronized (InFlight.this) {
        writing.remove(this);
        done();
        giveBack(Share.ANSWERS);
        content = null;
      }
    }
  }
}
