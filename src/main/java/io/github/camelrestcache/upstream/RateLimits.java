package io.github.camelrestcache.upstream;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.base.HttpDates;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.store.Changes;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.RedisConnection;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpMessage;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.message.BasicClassicHttpResponse;
import org.springframework.dao.DataAccessException;

/**
 * GitHub's rate limits per credential and resource, shared by all instances: the {@code
 * x-ratelimit-*} fields of the latest answer, and a refusal until it ends.
 *
 * <p>In Redis, a refusal ends with its time to live, so that no clocks are compared. A copy in
 * memory works without Redis. See GitHub's "Rate limits for the REST API".
 */
public final class RateLimits {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern OF_ONE_ANSWER =
      Pattern.compile("(?i)date|age|etag|set-cookie|transfer-encoding|content-(length|encoding)");

  private static final int MOST = 10_000;

  /** How many limits are metered, starting with those of the service's own token. */
  private static final int MOST_TOLD = 100;

  private static final Duration KEPT = Duration.ofHours(1);

  /** The first wait for a secondary limit without a time; the longest is 32 times that. */
  private static final Duration FIRST_WAIT = Duration.ofMinutes(1);

  /** A refusal as received, and its end in milliseconds since 1970 by the local clock. */
  private record Refusal(int status, Map<String, String> fields, String content, long until) {

    Refusal until(long end) {
      return new Refusal(status, fields, content, end);
    }
  }

  private final Cache<String, Map<String, String>> latest = memory();
  private final Cache<String, Refusal> refusals = memory();
  private final Cache<String, String> unusual = memory();
  private final RedisConnection redis;
  private final Changes changes;
  private final String prefix;

  /**
   * @param own the credential of the service's token
   */
  public RateLimits(
      RedisConnection redis, Keys keys, Changes changes, Supplier<String> own, Meters meters) {
    this.redis = redis;
    this.changes = changes;
    prefix = keys.of("limit:");
    meters
        .each("ratelimit", () -> known(MOST_TOLD, own.get()).entrySet(), RateLimits::tags)
        .gauge("limit", null, "Requests per window", each -> each.getValue().limit())
        .gauge(
            "remaining",
            null,
            "Requests left in the window, as last reported",
            each -> each.getValue().remaining())
        .gauge(
            "reset",
            "seconds",
            "Start of the next window, since 1970",
            each -> each.getValue().reset());
  }

  private static Tags tags(Map.Entry<String, Limit> limit) {
    String name = limit.getKey();
    int colon = name.lastIndexOf(':');
    return Tags.of("credential", name.substring(0, colon), "resource", name.substring(colon + 1));
  }

  private static <T> Cache<String, T> memory() {
    return Caffeine.newBuilder().maximumSize(MOST).expireAfterWrite(KEPT).build();
  }

  /** Records the limit in an answer. */
  public void note(UpstreamRequest ask, HttpMessage response) {
    Map<String, String> fields = Limit.fields(response);
    if (!fields.isEmpty()) {
      String resource = Limit.resource(response);
      if (resource.equals(Limit.guessed(ask))) {
        unusual.invalidate(request(ask));
      } else {
        unusual.put(request(ask), resource);
      }
      String name = name(ask.credential(), resource);
      if (!fields.equals(latest.asMap().put(name, fields))) {
        changes.note(ask.credential());
      }
      write(name, JSON.valueToTree(fields).toString(), KEPT);
    }
  }

  /** Replaces the limit in a stored answer by the latest one. */
  public void update(UpstreamRequest ask, HttpMessage response) {
    Map<String, String> now = latest.getIfPresent(name(ask.credential(), Limit.resource(response)));
    Limit.fields(response).keySet().forEach(response::removeHeaders);
    if (now != null) {
      now.forEach(response::addHeader);
    }
  }

  /**
   * The limits that this instance knows, until their reset, by {@code credential:resource}, with
   * the service's own token first. Credentials are cut to 8 digits of their hash.
   *
   * @param own the credential of the service's token; those of its previous tokens are left out
   */
  public Map<String, Limit> known(int most, String own) {
    Map<String, Limit> known = new LinkedHashMap<>();
    long now = Instant.now().getEpochSecond();
    latest.asMap().entrySet().stream()
        .map(each -> Map.entry(each.getKey().substring(prefix.length()), each.getValue()))
        .filter(each -> !each.getKey().startsWith("lent ") || each.getKey().startsWith(own + ":"))
        .sorted(
            Comparator.comparing(
                    (Map.Entry<String, Map<String, String>> each) ->
                        !each.getKey().startsWith("lent "))
                .thenComparing(Map.Entry::getKey))
        .limit(most)
        .forEach(
            each -> {
              Limit limit = Limit.of(each.getValue()::get);
              if (limit != null && limit.reset() >= now) {
                known.put(each.getKey().replaceFirst("([0-9a-f]{8})[0-9a-f]*:", "$1:"), limit);
              }
            });
    return known;
  }

  /** The limit of the resource {@code core} that this instance knows for a credential, or null. */
  public Limit known(String credential) {
    Map<String, String> fields = latest.getIfPresent(name(credential, "core"));
    return fields == null ? null : Limit.of(fields::get);
  }

  /** The same, from all instances. */
  public Limit core(String credential) {
    String name = name(credential, "core");
    Map<String, String> fields = latest.getIfPresent(name);
    String shared = read(name);
    if (shared != null) {
      try {
        fields = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        fields.putAll(JSON.readValue(shared, new TypeReference<Map<String, String>>() {}));
      } catch (JsonProcessingException e) {
        // fall back to what this instance knows
      }
    }
    return fields == null ? null : Limit.of(fields::get);
  }

  /**
   * Records a refusal for as long as it says. If it does not say, that is a minute, doubled for
   * each refusal in a row.
   */
  public void refused(UpstreamRequest ask, ClassicHttpResponse response, String content) {
    String resource = Limit.fields(response).isEmpty() ? expected(ask) : Limit.resource(response);
    String name = name(ask.credential(), resource) + ":refusal";
    if (inForce(name) != null) {
      return; // answers a request that was in flight at that refusal
    }
    Map<String, String> fields = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    for (Header header : response.getHeaders()) {
      fields.put(header.getName(), header.getValue());
    }
    fields.keySet().removeIf(field -> OF_ONE_ANSWER.matcher(field).matches());
    Duration said = Limit.wait(field -> Limit.value(response, field));
    Duration wait = said == null ? untold(name) : said;
    if (wait.toMillis() > 0) {
      Refusal refusal =
          new Refusal(
              response.getCode(),
              fields,
              content.isEmpty() ? "{\"message\":\"API rate limit exceeded\"}" : content,
              System.currentTimeMillis() + wait.toMillis());
      refusals.put(name, refusal);
      write(name, JSON.valueToTree(refusal).toString(), wait);
    }
  }

  /** How long a refusal without a time lasts: twice as long each time in a row. */
  private Duration untold(String name) {
    Duration wait = FIRST_WAIT.multipliedBy(1L << Math.min(5, inARow(name)));
    write(name + ":in-a-row", Long.toString(inARow(name) + 1), wait.multipliedBy(2));
    return wait;
  }

  private long inARow(String name) {
    return Math.max(0, Limit.number(read(name + ":in-a-row")));
  }

  /** The refusal that is in force for a request, or null. */
  public ClassicHttpResponse refusal(UpstreamRequest ask) {
    if (ask.path().equals("/rate_limit")) {
      return null;
    }
    Refusal refusal = inForce(name(ask.credential(), expected(ask)) + ":refusal");
    if (refusal == null) {
      return null;
    }
    long seconds = (refusal.until() - System.currentTimeMillis() + 999) / 1000;
    ClassicHttpResponse response = new BasicClassicHttpResponse(refusal.status());
    refusal.fields().forEach(response::addHeader);
    response.setHeader("Retry-After", Long.toString(seconds));
    response.setHeader("Date", HttpDates.format(Instant.now()));
    response.setEntity(new ByteArrayEntity(refusal.content().getBytes(UTF_8), null));
    return response;
  }

  private Refusal inForce(String name) {
    Refusal refusal = refusals.getIfPresent(name);
    if (refusal == null || refusal.until() <= System.currentTimeMillis()) {
      refusal = shared(name);
      if (refusal != null) {
        refusals.put(name, refusal);
      }
    }
    return refusal;
  }

  private Refusal shared(String name) {
    String text = read(name);
    if (text == null) {
      return null;
    }
    try {
      Long left = redis.getExpire(name, TimeUnit.MILLISECONDS);
      return left == null || left <= 0
          ? null
          : JSON.readValue(text, Refusal.class).until(System.currentTimeMillis() + left);
    } catch (JsonProcessingException | DataAccessException e) {
      return null;
    }
  }

  private void write(String name, String value, Duration kept) {
    try {
      redis.opsForValue().set(name, value.getBytes(UTF_8), kept);
    } catch (DataAccessException e) {
      // this instance has it in memory
    }
  }

  private String read(String name) {
    try {
      byte[] value = (byte[]) redis.opsForValue().get(name);
      return value == null ? null : new String(value, UTF_8);
    } catch (DataAccessException e) {
      return null;
    }
  }

  private String name(String credential, String resource) {
    return prefix + credential + ":" + resource;
  }

  /** The resource that a request counts against; GitHub names it only in the answer. */
  private String expected(UpstreamRequest ask) {
    String known = unusual.getIfPresent(request(ask));
    return known == null ? Limit.guessed(ask) : known;
  }

  private static String request(UpstreamRequest ask) {
    return Hash.of(ask.method() + " " + ask.path());
  }
}
