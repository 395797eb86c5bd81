package io.github.camelrestcache.http;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.github.camelrestcache.base.ClientAddress;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.Settings;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Limits the request rate of each client, identified by its {@link ClientAddress}: a token bucket
 * with capacity {@code RATE_LIMIT_BURST} and refill rate {@code RATE_LIMIT}. Answers carry the
 * state of the bucket (draft-ietf-httpapi-ratelimit-headers-10); a client with an empty bucket gets
 * 429.
 */
public final class ClientRates {

  /** The maximum number of buckets; beyond it, frequent clients keep theirs (TinyLFU). */
  private static final int MAX_CLIENTS = 100_000;

  private static final CharSequence POLICY = HttpHeaders.createOptimized("RateLimit-Policy");
  private static final CharSequence STATE = HttpHeaders.createOptimized("RateLimit");
  private final LoadingCache<String, Bucket> buckets;
  private final String rate;
  private final ClientAddress addresses;
  private final CharSequence policy;

  public ClientRates(Settings.Limits limits) {
    rate = limits.rate();
    addresses = limits.addresses();
    if (rate.isEmpty()) {
      buckets = null;
      policy = null;
      return;
    }
    String[] parts = rate.split("/");
    long count = Long.parseLong(parts[0]);
    Duration period = Duration.ofMillis(Settings.millis("1" + parts[1]));
    // a full bucket need not be kept: it is like a new one
    Duration full = period.multipliedBy(limits.burst()).dividedBy(count).plusSeconds(1);
    policy =
        HttpHeaders.createOptimized(
            "\"client\";q=" + limits.burst() + ";w=" + Math.max(1, full.toSeconds()));
    buckets =
        Caffeine.newBuilder()
            .executor(Runnable::run) // eviction is cheaper than waking another thread
            .maximumSize(MAX_CLIENTS)
            .expireAfterAccess(full.multipliedBy(2))
            .build(
                address ->
                    Bucket.builder()
                        .addLimit(
                            limit -> limit.capacity(limits.burst()).refillGreedy(count, period))
                        .build());
  }

  /**
   * Takes a token, and adds the state of the bucket to the answer.
   *
   * @return why the request is refused, or null
   */
  Problem problem(HttpServerRequest request) {
    if (buckets == null || request.path().equals("/healthcheck")) {
      return null;
    }
    ConsumptionProbe probe =
        bucket(RequestCheck.client(request, addresses)).tryConsumeAndReturnRemaining(1);
    String state =
        "\"client\";r="
            + probe.getRemainingTokens()
            + ";t="
            + seconds(probe.getNanosToWaitForReset());
    request
        .response()
        .putHeader(POLICY, policy)
        .putHeader(STATE, HttpHeaders.createOptimized(state));
    if (probe.isConsumed()) {
      return null;
    }
    return new Problem(
            429,
            "Too many requests",
            "This client has exceeded the rate of %s: try again after the time in Retry-After."
                .formatted(rate))
        .retryAfter(Duration.ofNanos(probe.getNanosToWaitForRefill()));
  }

  /** The bucket of a client. */
  public Bucket bucket(String client) {
    return buckets.get(client);
  }

  /** The number of buckets. */
  public long clients() {
    buckets.cleanUp();
    return buckets.estimatedSize();
  }

  private static long seconds(long nanos) {
    return TimeUnit.NANOSECONDS.toSeconds(nanos + TimeUnit.SECONDS.toNanos(1) - 1);
  }
}
