package io.github.camelrestcache.cache;

import io.github.camelrestcache.store.Changes;
import java.util.concurrent.TimeUnit;

/**
 * How long a stored answer to a forwarded request stays the same, except for its age (RFC 9111
 * 4.2). Routes find it in the variable {@code holding} if the answer is a stored one.
 *
 * @param stamp of what the answer was made from
 * @param origin when its age was 0, by {@link System#nanoTime()}
 * @param lifetime how long GitHub need not be asked, in seconds
 */
public record Holding(Changes.Stamp stamp, long origin, long lifetime) {

  /** In seconds. */
  public long age() {
    return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - origin);
  }

  /** When it becomes stale, by {@link System#nanoTime()}. */
  public long end() {
    return origin + TimeUnit.SECONDS.toNanos(lifetime);
  }
}
