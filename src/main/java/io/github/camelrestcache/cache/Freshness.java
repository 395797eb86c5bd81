package io.github.camelrestcache.cache;

import java.util.concurrent.TimeUnit;

/**
 * The age and the freshness lifetime of an answer (RFC 9111 4.2).
 *
 * @param origin when its age was 0, by {@link System#nanoTime()}
 * @param lifetime in seconds
 */
public record Freshness(long origin, long lifetime) {

  /** In seconds. */
  public long age() {
    return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - origin);
  }

  /** When it becomes stale, by {@link System#nanoTime()}. */
  public long end() {
    return origin + TimeUnit.SECONDS.toNanos(lifetime);
  }
}
