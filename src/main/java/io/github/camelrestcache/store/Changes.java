package io.github.camelrestcache.store;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.camel.Body;

/**
 * Counts changes to stored paths and scopes. Names share counters by hash: a collision costs one
 * needless look-up.
 *
 * <p>Redis numbers the changes of all instances. Each is announced by a message with its number;
 * the number of the latest, read from Redis twice a second, tells if a message was lost.
 */
public final class Changes {

  /** The prefix of a message that announces a change; its number and its name follow. */
  public static final String WRITTEN = "written ";

  /** What is in memory is used for this time after the numbers have last been compared. */
  private static final long TRUSTED = Duration.ofSeconds(1).toNanos();

  private static final int NUMBERS = 1 << 14;
  private static final int MAX_HEARD = 10_000;

  private final AtomicIntegerArray numbers = new AtomicIntegerArray(NUMBERS);
  private final AtomicInteger all = new AtomicInteger();

  /** The number of the latest change at the last comparison. */
  private long known = -1;

  /** The numbers of the changes that were announced since. */
  private final Set<Long> heard = new HashSet<>();

  /** When the numbers were last compared, by {@link System#nanoTime()}. */
  private volatile long compared = System.nanoTime() - TRUSTED;

  /** The changes of some names when they were read. */
  public interface Stamp {

    /** Whether no name has changed since, as far as this instance can know. */
    boolean isCurrent();
  }

  public void note(String name) {
    numbers.incrementAndGet(place(name));
  }

  /** Marks every name as changed. */
  public void noteAll() {
    all.incrementAndGet();
  }

  /** Handles a {@link #WRITTEN} message from any instance. */
  public void heard(@Body String message) {
    String[] words = message.substring(WRITTEN.length()).split(" ", 2);
    note(words[1]);
    synchronized (this) {
      if (heard.size() < MAX_HEARD) {
        heard.add(Long.parseLong(words[0]));
      }
    }
  }

  /**
   * Compares the number of the latest change with the messages that arrived.
   *
   * @param latest the number in Redis, 0 without one
   * @param since when it was asked for, by {@link System#nanoTime()}
   */
  public synchronized void compare(long latest, long since) {
    boolean isReset = latest < known; // Redis has lost its number
    if (isReset || !LongStream.rangeClosed(known + 1, latest).allMatch(heard::contains)) {
      noteAll();
    }
    known = latest;
    heard.removeIf(number -> isReset || number <= latest);
    compared = since;
  }

  /** Whether what is in memory may be used: the numbers were compared within the last second. */
  public boolean isWatched() {
    return System.nanoTime() - compared < TRUSTED;
  }

  /** Reads the counters of names; call it before reading the data. */
  public Stamp stamp(String... names) {
    int[] places = Stream.of(names).mapToInt(Changes::place).toArray();
    int before = count(places);
    return () -> count(places) == before;
  }

  /** Counts all changes so far, so it only grows. */
  private int count(int[] places) {
    int sum = all.get();
    for (int place : places) {
      sum += numbers.get(place);
    }
    return sum;
  }

  private static int place(String name) {
    int hash = name.hashCode();
    return (hash ^ hash >>> 16) & NUMBERS - 1;
  }
}
