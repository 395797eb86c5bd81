package io.github.camelrestcache.store;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.apache.camel.Body;

/**
 * Whether something has changed since it was looked at: what is stored of a path, or what is known
 * of a credential. Each name has a number, which it shares with others, so that there are few: at
 * worst something is looked at once more than it had to be.
 */
public final class Changes {

  /** How a message begins that tells other instances of a write; the path follows. */
  public static final String WRITTEN = "written ";

  private static final int NUMBERS = 1 << 14;

  private final AtomicIntegerArray numbers = new AtomicIntegerArray(NUMBERS);
  private final AtomicInteger all = new AtomicInteger();

  /** Where two things stood when they were looked at. */
  public final class Stamp {

    private final int one;
    private final int other;
    private final int ofOne;
    private final int ofOther;
    private final int ofAll = all.get();

    private Stamp(String one, String other) {
      this.one = place(one);
      this.other = place(other);
      ofOne = numbers.get(this.one);
      ofOther = numbers.get(this.other);
    }

    /** Whether neither has changed since. */
    public boolean isCurrent() {
      return all.get() == ofAll && numbers.get(one) == ofOne && numbers.get(other) == ofOther;
    }
  }

  /** Notes a change. */
  public void note(String name) {
    numbers.incrementAndGet(place(name));
  }

  /** Notes that anything may have changed. */
  public void noteAll() {
    all.incrementAndGet();
  }

  /** Hears that a request through another instance has written. */
  public void heard(@Body String message) {
    notePath(message.substring(WRITTEN.length()));
  }

  /** Notes a change of a path, which changes those above it. */
  public void notePath(String path) {
    for (String each = path; !each.isEmpty(); each = each.replaceFirst("/[^/]*$", "")) {
      note(each);
    }
  }

  /** Looks where two things stand, before it is read how they are. */
  public Stamp stamp(String one, String other) {
    return new Stamp(one, other);
  }

  private static int place(String name) {
    int hash = name.hashCode();
    return (hash ^ hash >>> 16) & NUMBERS - 1;
  }
}
