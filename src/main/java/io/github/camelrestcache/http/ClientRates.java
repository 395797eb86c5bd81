package io.github.camelrestcache.http;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.github.camelrestcache.ContextBean;
import io.github.camelrestcache.Settings;
import io.github.camelrestcache.catalog.Catalog;
import io.netty.util.Attribute;
import io.netty.util.AttributeKey;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
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

  private static final Duration LONGEST_MEMORY = Duration.ofHours(1);

  private static final CharSequence POLICY = HttpHeaders.createOptimized("RateLimit-Policy");
  private static final CharSequence STATE = HttpHeaders.createOptimized("RateLimit");
  private static final AttributeKey<Known> KNOWN = AttributeKey.valueOf(ClientRates.class, "known");

  /** The bucket of who is on a connection, until it is to be looked for again, in nanoseconds. */
  private record Known(Bucket bucket, long end) {}

  private LoadingCache<String, Bucket> buckets;
  private ClientAddress addresses;
  private Catalog catalog;
  private Negotiation negotiation;
  private boolean stored;
  private String rate;
  private CharSequence policy;
  private long memory;

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
    // a bucket that is full again is as good as none; a connection remembers it for half that time
    Duration full = period.multipliedBy(burst).dividedBy(count).plusSeconds(1);
    policy =
        HttpHeaders.createOptimized(
            "\"client\";q=" + burst + ";w=" + Math.max(1, full.toSeconds()));
    memory = full.compareTo(LONGEST_MEMORY) < 0 ? full.toNanos() / 2 : LONGEST_MEMORY.toNanos();
    stored = Boolean.parseBoolean(Settings.get(context, "rate.limit.stored"));
    addresses = new ClientAddress(Settings.get(context, "trusted.proxies"));
    buckets =
        Caffeine.newBuilder()
            .executor(Runnable::run) // what it tidies up is less than to wake a thread for it
            .maximumSize(MOST_CLIENTS)
            .expireAfterAccess(full.multipliedBy(2))
            .build(
                address ->
                    Bucket.builder()
                        .addLimit(limit -> limit.capacity(burst).refillGreedy(count, period))
                        .build());
  }

  @Override
  protected void wire() {
    catalog = bean(Catalog.class);
    negotiation = bean(Negotiation.class);
  }

  /** Counts a request, and tells its client how it stands; null, or why it is not answered. */
  Problem problem(HttpServerRequest request) {
    if (buckets == null) {
      return null;
    }
    ClientRequest head =
        ClientRequest.head(
            RequestId.of(request), request.method().name(), request.uri(), request.headers());
    return problem(request.connection(), head, request.response()::putHeader);
  }

  /** Counts a request, and tells its client how it stands; null, or why it is not answered. */
  Problem problem(
      HttpConnection connection,
      ClientRequest request,
      BiConsumer<CharSequence, CharSequence> fields) {
    if (buckets == null || request.path().equals("/healthcheck") || !stored && isStored(request)) {
      return null;
    }
    ConsumptionProbe probe = bucket(connection, request).tryConsumeAndReturnRemaining(1);
    String state =
        "\"client\";r="
            + probe.getRemainingTokens()
            + ";t="
            + seconds(probe.getNanosToWaitForReset());
    fields.accept(POLICY, policy);
    fields.accept(STATE, HttpHeaders.createOptimized(state));
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

  /** Behind a proxy the requests on one connection are of many clients. */
  private Bucket bucket(HttpConnection connection, ClientRequest request) {
    if (addresses.trustsAProxy()) {
      return bucket(address(connection, request));
    }
    Attribute<Known> known = GuardedVertx.channel(connection).attr(KNOWN);
    Known last = known.get();
    long now = System.nanoTime();
    if (last == null || last.end() - now <= 0) {
      last = new Known(bucket(address(connection, request)), now + memory);
      known.set(last);
    }
    return last.bucket();
  }

  private String address(HttpConnection connection, ClientRequest request) {
    return addresses.of(
        connection.remoteAddress().hostAddress(), request.fields().get("X-Forwarded-For"));
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

  /** Whether it reads what is kept here. */
  private boolean isStored(ClientRequest request) {
    String path = request.path();
    return request.isRead()
        && (path.startsWith("/view/")
            || negotiation.isStored(context, request, catalog.endpoint(path)));
  }
}
