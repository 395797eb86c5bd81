package io.github.camelrestcache.cache;

import java.util.concurrent.TimeUnit;

/**
 * How old an answer is, and how long it is fresh (RFC 9111 4.2).
 *
 * @param origin when its age was 0, by {@link System#nanoTime()}
 * @param lifetime in seconds
 */
public record Freshness(long origin, long lifetime) {

  /** Its age, in seconds. */
  public long age() {
    return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - origin);
  }

  /** When it is fresh no longer, by {@link System#nanoTime()}. */
  public long end() {
    return origin + TimeUnit.SECONDS.toNanos(lifetime);
  }
}
