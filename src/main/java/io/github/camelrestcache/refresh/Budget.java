package io.github.camelrestcache.refresh;

import io.github.camelrestcache.upstream.Limit;
import io.github.camelrestcache.upstream.RateLimits;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;

/** How refreshes live within GitHub's rate limit, and leave a share of it to callers. */
final class Budget {

  /**
   * When an endpoint is to be refreshed again.
   *
   * @param stretch by how much its interval is stretched, 1 or more
   * @param pause how long it is not to be refreshed in any case
   * @param spacing how far apart two refreshes are to be that events ask for
   */
  record Plan(double stretch, Duration pause, Duration spacing) {}

  private static final Plan AS_DECLARED = new Plan(1, Duration.ZERO, Duration.ZERO);

  private final RateLimits limits;
  private final double reserve;

  /**
   * @param reserve the share of each window that refreshes leave to callers, 0 to 1
   */
  Budget(RateLimits limits, double reserve) {
    this.limits = limits;
    this.reserve = reserve;
  }

  /**
   * Plans the next refresh of an endpoint. What costs nothing keeps its interval; the others share
   * what is left until the reset, in proportion to what they want.
   *
   * @param credential whose limit is spent
   * @param cost what the last refresh of the endpoint took of the limit
   * @param rate what all endpoints would take in a second at the intervals that they declare
   * @param every the interval that this endpoint declares
   */
  Plan plan(String credential, double cost, double rate, Duration every) {
    return cost == 0
        ? AS_DECLARED
        : plan(limits.core(credential), reserve, cost, rate, every, Instant.now().getEpochSecond());
  }

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
    // after the reset there is enough again
    double most = Math.max(1, seconds / (every.toMillis() / 1000.0));
    double stretch = stretched == 1 ? 1 : Math.min(stretched, most) * jitter;
    return new Plan(stretch, Duration.ZERO, spacing);
  }

  /**
   * Ends a refresh before it takes what is the callers'.
   *
   * @param limit what the last answer says, or null
   * @throws RefreshFailed until the reset
   */
  static void check(String path, Limit limit, double reserve) {
    if (limit != null && limit.remaining() <= reserve * limit.limit()) {
      throw new RefreshFailed(
          ("%s needs more of the %d requests an hour than GITHUB_RATE_RESERVE leaves:"
                  + " set GITHUB_API_TOKEN, or a longer interval")
              .formatted(path, limit.limit()),
          Instant.ofEpochSecond(limit.reset()));
    }
  }
}
