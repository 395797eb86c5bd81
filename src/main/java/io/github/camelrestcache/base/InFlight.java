package io.github.camelrestcache.base;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The budget for requests in flight: memory for large contents, and places. A request takes a share
 * and gives it back when it is done. If a share is used up, the connection whose write has stalled
 * longest, for more than a second, is broken off among those that hold some of it.
 */
public final class InFlight {

  /** What is limited, and how long a request waits if others hold all of it. */
  public enum Share {
    /** Bytes of answers that clients have not read yet: a quarter of the heap. */
    ANSWERS(Duration.ZERO),
    /** Bytes of large contents on their way through the cache: a sixteenth of the heap. */
    CONTENTS(Duration.ofSeconds(10)),
    /** Callers' requests on their way to GitHub: {@code MAX_FORWARDS}. */
    FORWARDS(Duration.ZERO),
    /** Those of them that have content, which may arrive slowly: a quarter. */
    UPLOADS(Duration.ZERO),
    /** Large lists that are inflated while they are sent; each holds a thread. */
    STREAMS(Duration.ZERO),
    /** Pages that are being cut; each holds some pages of GitHub's in memory. */
    PAGES(Duration.ofSeconds(10)),
    /** Deliveries of the webhook that are being read; each holds a thread. */
    DELIVERIES(Duration.ZERO);

    private final Duration patience;

    Share(Duration patience) {
      this.patience = patience;
    }
  }

  /** Smaller answers are not counted. */
  public static final int SMALL = 16 << 10;

  /** A write that takes longer has stalled; a connection that is broken off is gone sooner. */
  private static final long STALLED = TimeUnit.SECONDS.toNanos(1);

  private static final int MOST_STREAMS = 64;
  private static final int MOST_DELIVERIES = 16;

  /** How many may wait for room: each holds a thread, and perhaps its content. */
  private static final int MOST_WAITING = 16;

  private final Map<Share, Long> most = new EnumMap<>(Share.class);
  private final Map<Share, Long> used = new EnumMap<>(Share.class);

  /** Contents that are being sent, with their size and the number of their answers. */
  private final Map<Object, long[]> sending = new IdentityHashMap<>();

  /** Requests with an unfinished write, the one that began first at the front. */
  private final Set<Ticket> writing = new LinkedHashSet<>();

  private final Counter refused;
  private int waiting;

  /**
   * @param heap the largest heap, in bytes
   * @param forwards the value of {@code MAX_FORWARDS}
   */
  public InFlight(long heap, int forwards, MeterRegistry meters) {
    most.put(Share.ANSWERS, heap / 4);
    most.put(Share.CONTENTS, heap / 16);
    most.put(Share.FORWARDS, (long) forwards);
    most.put(Share.UPLOADS, (forwards + 3) / 4L);
    most.put(Share.STREAMS, (long) MOST_STREAMS);
    most.put(Share.PAGES, (long) Runtime.getRuntime().availableProcessors());
    most.put(Share.DELIVERIES, (long) MOST_DELIVERIES);
    most.keySet().forEach(share -> used.put(share, 0L));
    Gauge.builder("restcache.forwards", this, all -> all.used(Share.FORWARDS))
        .description("Requests of callers that are on their way to GitHub")
        .strongReference(true)
        .register(meters);
    refused =
        Counter.builder("restcache.forwards.refused")
            .description("Requests that were not forwarded because MAX_FORWARDS were in flight")
            .register(meters);
  }

  /** How much of a share is taken. */
  public synchronized long used(Share share) {
    return used.get(share);
  }

  /**
   * A ticket for a request.
   *
   * @param breakOff closes the request's connection at once, whatever is still to be written
   */
  public Ticket ticket(Runnable breakOff) {
    return new Ticket(breakOff);
  }

  /** What one request holds. Not thread-safe by itself: the budget's lock guards it. */
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
     * Takes some of a share until the ticket is closed, once: a second call takes nothing.
     *
     * @param amount bytes or places; more than the whole share counts as the whole share
     * @return false if there is none
     */
    public boolean take(Share share, long amount) {
      synchronized (InFlight.this) {
        boolean taken = held.containsKey(share) || reserve(share, amount);
        if (!taken && (share == Share.FORWARDS || share == Share.UPLOADS)) {
          refused.increment();
        }
        return taken;
      }
    }

    /**
     * Takes room for an answer.
     *
     * @param content the same object for all answers that share its memory, else any other
     * @param size in bytes
     * @param waits whether to wait for a connection that is broken off
     * @return false if there is no room
     */
    public boolean takeAnswer(Object content, int size, boolean waits) {
      synchronized (InFlight.this) {
        if (size <= SMALL || this.content != null) {
          return true;
        }
        if (!sending.containsKey(content)) {
          if (!makeRoom(Share.ANSWERS, size, waits)) {
            return false;
          }
          used.merge(Share.ANSWERS, (long) size, Long::sum);
          sending.put(content, new long[] {size, 0});
        }
        sending.get(content)[1]++;
        this.content = content;
        return true;
      }
    }

    /** A write begins that waits for the client to read. */
    public void writes() {
      synchronized (InFlight.this) {
        since = System.nanoTime();
        writing.remove(this);
        writing.add(this);
      }
    }

    /** The client has read what was written. */
    public void written() {
      synchronized (InFlight.this) {
        writing.remove(this);
      }
    }

    private boolean reserve(Share share, long amount) {
      long wanted = Math.min(amount, most.get(share));
      if (!makeRoom(share, wanted, true)) {
        return false;
      }
      used.merge(share, wanted, Long::sum);
      held.put(share, wanted);
      return true;
    }

    private boolean makeRoom(Share share, long wanted, boolean waits) {
      long end = System.nanoTime() + share.patience.toNanos();
      while (used.get(share) > 0 && used.get(share) + wanted > most.get(share)) {
        if (breakOffStalled(share)) {
          end = Math.max(end, System.nanoTime() + STALLED); // its holder needs a moment to notice
        }
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        boolean crowded = share != Share.PAGES && waiting >= MOST_WAITING;
        if (!waits || left <= 0 || crowded || !pause(Math.min(left, 100))) {
          return false;
        }
      }
      return true;
    }

    private boolean pause(long millis) {
      waiting++;
      try {
        InFlight.this.wait(millis);
        return true;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      } finally {
        waiting--;
      }
    }

    private boolean breakOffStalled(Share share) {
      for (Ticket each : writing) {
        if (System.nanoTime() - each.since < STALLED) {
          return false;
        }
        if (!each.broken && each.holds(share)) {
          each.broken = true;
          each.breakOff.run();
          return true;
        }
      }
      return false;
    }

    private boolean holds(Share share) {
      return share == Share.ANSWERS ? content != null : held.containsKey(share);
    }

    private void giveBackAnswer() {
      long[] answers = content == null ? null : sending.get(content);
      if (answers != null && --answers[1] == 0) {
        sending.remove(content);
        used.merge(Share.ANSWERS, -answers[0], Long::sum);
      }
      content = null;
    }

    /** Whether the connection was broken off to make room for others. */
    public boolean isBroken() {
      synchronized (InFlight.this) {
        return broken;
      }
    }

    /** Gives a share back early. */
    public void giveBack(Share share) {
      synchronized (InFlight.this) {
        Long amount = held.remove(share);
        if (amount != null) {
          used.merge(share, -amount, Long::sum);
          InFlight.this.notifyAll();
        }
      }
    }

    /** Gives everything back but the room of the answer, which is still being sent. */
    public void done() {
      for (Share share : Share.values()) {
        giveBack(share);
      }
    }

    /** Gives everything back. */
    @Override
    public void close() {
      synchronized (InFlight.this) {
        writing.remove(this);
        giveBackAnswer();
        done();
      }
    }
  }
}
