package io.github.camelrestcache.store;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.IntSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.camel.Body;

/**
 * Counts changes to stored paths and to what is known of credentials. Names share counters by hash:
 * a collision costs one needless look-up.
 */
public final class Changes {

  /** The prefix of a message that announces a change; the name follows. */
  public static final String WRITTEN = "written ";

  private static final int NUMBERS = 1 << 14;

  private final AtomicIntegerArray numbers = new AtomicIntegerArray(NUMBERS);
  private final AtomicInteger all = new AtomicInteger();

  /**
   * The changes of some names when they were read.
   *
   * @param now counts all changes so far, so it only grows
   */
  public record Stamp(IntSupplier now, int before) {

    /** Whether no name has changed since. */
    public boolean isCurrent() {
      return now.getAsInt() == before;
    }
  }

  public void note(String name) {
    numbers.incrementAndGet(place(name));
  }

  /** Marks every name as changed. */
  public void noteAll() {
    all.incrementAndGet();
  }

  /** Handles a {@link #WRITTEN} message from another instance. */
  public void heard(@Body String message) {
    note(message.substring(WRITTEN.length()));
  }

  /** Reads the counters of names; call it before reading the data. */
  public Stamp stamp(String... names) {
    int[] places = Stream.of(names).mapToInt(Changes::place).toArray();
    IntSupplier now = () -> IntStream.of(places).map(numbers::get).sum() + all.get();
    return new Stamp(now, now.getAsInt());
  }

  private static int place(String name) {
    int hash = name.hashCode();
    return (hash ^ hash >>> 16) & NUMBERS - 1;
  }
}
