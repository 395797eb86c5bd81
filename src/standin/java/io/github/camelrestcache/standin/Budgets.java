package io.github.camelrestcache.standin;

import io.github.camelrestcache.standin.Call.Caller;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/** The primary rate limit: for every caller and resource, one window with a number of requests. */
final class Budgets {
  /**
   * The rate limit window of one caller for one resource.
   *
   * @param limit requests in the whole window
   * @param used requests made in it so far
   * @param reset when the window ends, in seconds since the epoch
   */
  record Window(int limit, int used, long reset) {
    int remaining() {
      return Math.max(0, limit - used);
    }
  }

  private final int anonymous;
  private final int withToken;
  private final Map<String, Window> windows = new HashMap<>();
  private int left = -1;
  private String leftOf;
  private Instant leftUntil = Instant.MIN;

  /** Takes the hourly limits; those of search are fixed, as at GitHub: 10 and 30 a minute. */
  Budgets(int anonymous, int withToken) {
    this.anonymous = anonymous;
    this.withToken = withToken;
  }

  /**
   * Limits each caller to that many requests until the given time has passed.
   *
   * @param resource of this resource alone; null for each
   */
  synchronized void leave(String resource, int remaining, Duration untilReset) {
    windows.clear();
    left = remaining;
    leftOf = resource;
    leftUntil = Instant.now().plus(untilReset);
  }

  /** Returns the caller's current window; {@code cost} requests are first counted in it. */
  synchronized Window take(Caller caller, String resource, int cost) {
    Instant now = Instant.now();
    String key = resource + ' ' + caller.token();
    Window window = windows.get(key);
    if (window == null || window.reset() <= now.getEpochSecond()) {
      window = begin(caller.authorised(), resource, now);
    }
    window = new Window(window.limit(), window.used() + cost, window.reset());
    windows.put(key, window);
    return window;
  }

  private Window begin(boolean authorised, String resource, Instant now) {
    boolean search = resource.equals("search");
    int limit = search ? (authorised ? 30 : 10) : authorised ? withToken : anonymous;
    if (now.isBefore(leftUntil) && (leftOf == null || leftOf.equals(resource))) {
      limit = Math.max(limit, left);
      long reset = leftUntil.plusMillis(999).getEpochSecond();
      return new Window(limit, limit - left, reset);
    }
    return new Window(limit, 0, now.plusSeconds(search ? 60 : 3600).getEpochSecond());
  }
}
