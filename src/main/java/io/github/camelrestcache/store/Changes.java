package io.github.camelrestcache.store;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.IntSupplier;
import org.apache.camel.Body;

/**
 * Counts changes to stored paths and to what is known of credentials. Names share counters by hash:
 * a collision costs one needless look-up.
 */
public final class Changes {

  /** The prefix of a message that announces a write; the path follows. */
  public static final String WRITTEN = "written ";

  private static final int NUMBERS = 1 << 14;

  private final AtomicIntegerArray numbers = new AtomicIntegerArray(NUMBERS);
  private final AtomicInteger all = new AtomicInteger();

  /**
   * The changes of two names when they were read.
   *
   * @param now counts all changes so far, so it only grows
   */
  public record Stamp(IntSupplier now, int before) {

    /** Whether neither name has changed since. */
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
    notePath(message.substring(WRITTEN.length()));
  }

  /** Marks a path and those above it as changed. */
  public void notePath(String path) {
    for (String each = path; !each.isEmpty(); each = each.replaceFirst("/[^/]*$", "")) {
      note(each);
    }
  }

  /** Reads the counters of two names; call it before reading the data. */
  public Stamp stamp(String one, String other) {
    int place = place(one);
    int otherPlace = place(other);
    IntSupplier now = () -> numbers.get(place) + numbers.get(otherPlace) + all.get();
    return new Stamp(now, now.getAsInt());
  }

  private static int place(String name) {
    int hash = name.hashCode();
    return (hash ^ hash >>> 16) & NUMBERS - 1;
  }
}
