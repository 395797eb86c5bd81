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
 * How often one client may ask, by its address ({@link ClientAddress}): a bucket that {@code
 * RATE_LIMIT} fills, and that holds {@code RATE_LIMIT_BURST}. Who finds it empty gets 429;
 * everybody is told of the bucket (draft-ietf-httpapi-ratelimit-headers-10).
 */
public final class ClientRates {

  /** Clients whose buckets are kept; of more, those who come often are (Caffeine's TinyLFU). */
  private static final int MOST_CLIENTS = 100_000;

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
    // a bucket that is full again is like a new one
    Duration full = period.multipliedBy(limits.burst()).dividedBy(count).plusSeconds(1);
    policy =
        HttpHeaders.createOptimized(
            "\"client\";q=" + limits.burst() + ";w=" + Math.max(1, full.toSeconds()));
    buckets =
        Caffeine.newBuilder()
            .executor(Runnable::run) // its clean-up is cheaper than a wake-up of another thread
            .maximumSize(MOST_CLIENTS)
            .expireAfterAccess(full.multipliedBy(2))
            .build(
                address ->
                    Bucket.builder()
                        .addLimit(
                            limit -> limit.capacity(limits.burst()).refillGreedy(count, period))
                        .build());
  }

  /**
   * Counts a request, and adds the state of its client's bucket to the answer.
   *
   * @return why the request is refused, or null
   */
  Problem problem(HttpServerRequest request) {
    if (buckets == null || request.path().equals("/healthcheck")) {
      return null;
    }
    ConsumptionProbe probe = bucket(client(request)).tryConsumeAndReturnRemaining(1);
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
            "This client has asked more often than %s: try again after the time in Retry-After."
                .formatted(rate))
        .retryAfter(Duration.ofNanos(probe.getNanosToWaitForRefill()));
  }

  private String client(HttpServerRequest request) {
    String forwardedFor =
        addresses.trustsAProxy()
            ? String.join(",", request.headers().getAll("X-Forwarded-For"))
            : null;
    return addresses.of(request.remoteAddress().hostAddress(), forwardedFor);
  }

  /** The bucket of a client. */
  public Bucket bucket(String client) {
    return buckets.get(client);
  }

  /** How many clients are remembered. */
  public long clients() {
    buckets.cleanUp();
    return buckets.estimatedSize();
  }

  private static long seconds(long nanos) {
    return TimeUnit.NANOSECONDS.toSeconds(nanos + TimeUnit.SECONDS.toNanos(1) - 1);
  }
}
