package io.github.camelrestcache.refresh;

import io.github.camelrestcache.upstream.Limit;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;

/** Keeps refreshes within GitHub's rate limit, and a share of it free for callers. */
final class Budget {

  /**
   * When to refresh an endpoint again.
   *
   * @param stretch the factor of its interval, 1 or more
   * @param pause the minimum time until the next refresh
   * @param spacing the minimum time between two refreshes that events trigger
   */
  record Plan(double stretch, Duration pause, Duration spacing) {}

  private static final Plan AS_DECLARED = new Plan(1, Duration.ZERO, Duration.ZERO);

  private Budget() {}

  /**
   * Plans the next refresh of an endpoint. All endpoints share what is left until the reset, in
   * proportion to their demand.
   *
   * @param limit as last reported, or null if it is unknown or the last refresh was free
   * @param reserve the share of each window that refreshes leave to callers, 0 to 1
   * @param cost requests of the last refresh that counted against the limit
   * @param rate such requests per second of all endpoints at their declared intervals
   * @param every the declared interval of this endpoint
   * @param now seconds since 1970
   */
  static Plan plan(
      Limit limit, double reserve, double cost, double rate, Duration every, long now) {
    if (limit == null || limit.reset() <= now) {
      return AS_DECLARED;
    }
    double seconds = limit.reset() - now;
    double free = limit.remaining() - reserve * limit.limit();
    double jitter = ThreadLocalRandom.current().nextDouble(1, 1.1);
    if (free < 1) {
      return new Plan(1, Duration.ofMillis((long) (1000 * seconds * jitter)), Duration.ZERO);
    }
    Duration spacing = Duration.ofMillis((long) (1000 * cost * seconds / free));
    double stretched = Math.max(1, rate * seconds / free);
    // the reset provides enough again
    double most = Math.max(1, seconds / (every.toMillis() / 1000.0));
    double stretch = stretched == 1 ? 1 : Math.min(stretched, most) * jitter;
    return new Plan(stretch, Duration.ZERO, spacing);
  }

  /**
   * Fails a refresh before it takes the share of the callers.
   *
   * @param limit as of the last answer, or null
   * @param requests how many requests may be under way, this one included
   * @throws RefreshFailed until the reset
   */
  static void check(String path, Limit limit, double reserve, int requests) {
    if (limit != null && limit.remaining() - requests < reserve * limit.limit()) {
      throw new RefreshFailed(
          ("%s needs more of the %d requests an hour than GITHUB_RATE_RESERVE leaves:"
                  + " set GITHUB_API_TOKEN, or a longer interval")
              .formatted(path, limit.limit()),
          Instant.ofEpochSecond(limit.reset()),
          0);
    }
  }
}
