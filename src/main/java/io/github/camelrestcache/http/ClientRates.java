package io.github.camelrestcache.http;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.github.camelrestcache.ContextBean;
import io.github.camelrestcache.Settings;
import io.github.camelrestcache.catalog.Catalog;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.camel.BindToRegistry;

/**
 * How often one client may ask, by its address ({@link ClientAddress}): a bucket that {@code
 * RATE_LIMIT} fills, and that holds {@code RATE_LIMIT_BURST}. Who finds it empty gets 429;
 * everybody is told of the bucket (draft-ietf-httpapi-ratelimit-headers-10).
 */
@BindToRegistry(value = "clientRates", initMethod = "start")
public class ClientRates extends ContextBean {

  /** Clients whose buckets are kept; of more, those who come often are (Caffeine's TinyLFU). */
  private static final int MOST_CLIENTS = 100_000;

  private LoadingCache<String, Bucket> buckets;
  private ClientAddress addresses;
  private Catalog catalog;
  private boolean stored;
  private String rate;
  private String policy;

  /** Reads the settings. */
  public void start() {
    rate = Settings.get(context, "rate.limit");
    if (rate.isEmpty() || buckets != null) {
      return;
    }
    String[] parts = rate.split("/");
    long count = Long.parseLong(parts[0]);
    Duration period = Duration.ofMillis(Settings.millis("1" + parts[1]));
    String most = Settings.get(context, "rate.limit.burst");
    long burst = most.isEmpty() ? count : Long.parseLong(most);
    // a bucket that is full again is as good as none
    Duration full = period.multipliedBy(burst).dividedBy(count).plusSeconds(1);
    policy = "\"client\";q=" + burst + ";w=" + Math.max(1, full.toSeconds());
    stored = Boolean.parseBoolean(Settings.get(context, "rate.limit.stored"));
    addresses = new ClientAddress(Settings.get(context, "trusted.proxies"));
    buckets =
        Caffeine.newBuilder()
            .maximumSize(MOST_CLIENTS)
            .expireAfterAccess(full)
            .build(
                address ->
                    Bucket.builder()
                        .addLimit(limit -> limit.capacity(burst).refillGreedy(count, period))
                        .build());
  }

  @Override
  protected void wire() {
    catalog = bean(Catalog.class);
  }

  /** Counts a request, and tells its client how it stands; null, or why it is not answered. */
  Problem problem(HttpServerRequest request) {
    if (buckets == null || "/healthcheck".equals(request.path()) || !stored && isStored(request)) {
      return null;
    }
    ConsumptionProbe probe = count(addresses.of(request));
    request
        .response()
        .putHeader("RateLimit-Policy", policy)
        .putHeader(
            "RateLimit",
            "\"client\";r="
                + probe.getRemainingTokens()
                + ";t="
                + seconds(probe.getNanosToWaitForReset()));
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

  /** Counts a request of a client. */
  public ConsumptionProbe count(String client) {
    return buckets.get(client).tryConsumeAndReturnRemaining(1);
  }

  /** How many clients are remembered. */
  public long clients() {
    buckets.cleanUp();
    return buckets.estimatedSize();
  }

  private static long seconds(long nanos) {
    return TimeUnit.NANOSECONDS.toSeconds(nanos + TimeUnit.SECONDS.toNanos(1) - 1);
  }

  /** Whether it reads what is kept here. */
  private boolean isStored(HttpServerRequest request) {
    boolean read = List.of(HttpMethod.GET, HttpMethod.HEAD).contains(request.method());
    String path = request.path();
    return read && path != null && (path.startsWith("/view/") || catalog.endpoint(path) != null);
  }
}
