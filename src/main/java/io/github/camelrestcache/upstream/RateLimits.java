package io.github.camelrestcache.upstream;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.base.HttpDates;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.RedisConnection;
import io.micrometer.core.instrument.Tags;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.message.BasicClassicHttpResponse;
import org.springframework.dao.DataAccessException;

/**
 * GitHub's rate limits per credential and resource: the {@code x-ratelimit-*} fields of the latest
 * answer to this instance, and the refusals to all instances until they end. See GitHub's "Rate
 * limits for the REST API".
 *
 * <p>In Redis, a refusal ends with its time to live, so that no clocks are compared. A copy in
 * memory works without Redis.
 */
public final class RateLimits {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern OF_ONE_ANSWER =
      Pattern.compile("(?i)date|age|etag|set-cookie|transfer-encoding|content-(length|encoding)");

  private static final Pattern VISIBLE = Pattern.compile("[ -~]*");

  private static final int MOST = 10_000;

  /** How many limits are metered; those of callers' tokens come last. */
  private static final int MOST_METERED = 100;

  private static final Duration KEPT = Duration.ofHours(1);

  /** The first wait for a secondary limit without a time; the longest is 32 times that. */
  private static final Duration FIRST_WAIT = Duration.ofMinutes(1);

  /** The {@code x-ratelimit-*} fields of the latest answer, and the limit in them or null. */
  private record Latest(
      String credential, String resource, Map<String, String> fields, Limit limit) {}

  /** A refusal as received, and its end in milliseconds since 1970 by the local clock. */
  private record Refusal(int status, Map<String, String> fields, String content, long until) {}

  private final Cache<String, Latest> latest = memory(KEPT);
  private final Cache<String, Refusal> refusals = memory(KEPT);

  /** Refusals that Redis did not have a moment ago. */
  private final Cache<String, Boolean> unrefused = memory(Duration.ofMillis(100));

  /** By request, the resource that it counts against, if that is not the guessed one. */
  private final Cache<String, String> unusual = memory(KEPT);

  private final RedisConnection redis;
  private final String prefix;

  /**
   * @param own the credential of the service's token
   */
  public RateLimits(RedisConnection redis, Keys keys, Supplier<String> own, Meters meters) {
    this.redis = redis;
    prefix = keys.of("limit:");
    meters
        .each("ratelimit", () -> metered(own.get()), RateLimits::tags)
        .gauge("limit", null, "Requests per window", each -> each.limit().limit())
        .gauge(
            "remaining",
            null,
            "Requests left in the window, as last reported",
            each -> each.limit().remaining())
        .gauge(
            "reset",
            "seconds",
            "Start of the next window, since 1970",
            each -> each.limit().reset());
  }

  private static <T> Cache<String, T> memory(Duration kept) {
    return Caffeine.newBuilder()
        .executor(Runnable::run)
        .maximumSize(MOST)
        .expireAfterWrite(kept)
        .build();
  }

  /** The limits that this instance knows, without those of the service's previous tokens. */
  private List<Latest> metered(String own) {
    long now = Instant.now().getEpochSecond();
    return latest.asMap().values().stream()
        .filter(each -> !each.credential().startsWith("lent ") || each.credential().equals(own))
        .filter(each -> each.limit() != null && each.limit().reset() >= now)
        // "nobody" and "lent …" first, then the hashes of callers
        .sorted(Comparator.comparing(Latest::credential).reversed())
        .limit(MOST_METERED)
        .toList();
  }

  /** Cuts a credential to 8 digits of its hash. */
  private static Tags tags(Latest limit) {
    String credential = limit.credential().replaceFirst("([0-9a-f]{8})[0-9a-f]*$", "$1");
    return Tags.of("credential", credential, "resource", limit.resource());
  }

  /** Records the limit in an answer. */
  public void note(UpstreamRequest ask, HttpFields response) {
    Map<String, String> fields = fields(response, Limit.PREFIX);
    fields
        .values()
        .removeIf(value -> !VISIBLE.matcher(value).matches()); // they are sent to clients
    if (fields.isEmpty()) {
      return;
    }
    String resource = resource(fields);
    if (resource.equals(Limit.guessed(ask))) {
      unusual.invalidate(request(ask));
    } else {
      unusual.put(request(ask), resource);
    }
    String name = name(ask.credential(), resource);
    Latest now = new Latest(ask.credential(), resource, fields, Limit.of(fields::get));
    latest.put(name, now);
  }

  /**
   * The {@code x-ratelimit-*} fields for a stored response: the latest, or none if their reset is
   * past.
   *
   * @param resource the resource that the stored response counts against, or null
   */
  public Map<String, String> latest(String credential, String resource) {
    Latest now = latest.getIfPresent(name(credential, resource == null ? "core" : resource));
    boolean isPast =
        now != null
            && now.limit() != null
            && now.limit().reset() * 1000 <= System.currentTimeMillis();
    return now == null || isPast ? Map.of() : now.fields();
  }

  /** The limit of the resource {@code core} in the latest answer for a credential, or null. */
  public Limit known(String credential) {
    Latest known = latest.getIfPresent(name(credential, "core"));
    return known == null ? null : known.limit();
  }

  /**
   * Records a refusal, whose limit has been noted, for as long as it says. If it does not say, that
   * is a minute, doubled for each refusal in a row.
   */
  public void refused(UpstreamRequest ask, int status, HttpFields response, String content) {
    String name = refusalKey(ask);
    if (inForce(name) != null) {
      return; // answers a request that was in flight at that refusal
    }
    Map<String, String> fields = fields(response, "");
    Duration said = Limit.wait(fields::get);
    Duration wait = said == null ? untold(name + ":in-a-row") : said;
    fields.keySet().removeIf(field -> OF_ONE_ANSWER.matcher(field).matches());
    if (wait.toMillis() > 0) {
      Refusal refusal =
          new Refusal(
              status,
              fields,
              content.isEmpty() ? "{\"message\":\"API rate limit exceeded\"}" : content,
              System.currentTimeMillis() + wait.toMillis());
      refusals.put(name, refusal);
      write(name, refusal, wait);
    }
  }

  /** The key of a refusal of this request. GitHub names the resource only in the answer. */
  public String refusalKey(UpstreamRequest ask) {
    String known = unusual.getIfPresent(request(ask));
    return name(ask.credential(), known == null ? Limit.guessed(ask) : known) + ":refusal";
  }

  /**
   * Notes what is stored at a {@link #refusalKey}, so that it is not read again for the request.
   */
  public void looked(String refusalKey, byte[] refusal) {
    if (refusal == null) {
      unrefused.put(refusalKey, true);
    }
  }

  /** How long a refusal without a time lasts: twice as long each time in a row. */
  private Duration untold(String name) {
    Long before = read(name, Long.class);
    long inARow = before == null ? 0 : before;
    Duration wait = FIRST_WAIT.multipliedBy(1L << Math.min(5, inARow));
    write(name, inARow + 1, wait.multipliedBy(2));
    return wait;
  }

  /** The refusal that is in force for a request, or null. */
  public ClassicHttpResponse refusal(UpstreamRequest ask) {
    if (ask.path().equals("/rate_limit")) {
      return null;
    }
    Refusal refusal = inForce(refusalKey(ask));
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

  /** The refusal in memory or in Redis, or null. */
  private Refusal inForce(String name) {
    Refusal here = refusals.getIfPresent(name);
    if (here != null && here.until() > System.currentTimeMillis()) {
      return here;
    }
    if (unrefused.getIfPresent(name) != null) {
      return null;
    }
    Refusal shared = read(name, Refusal.class);
    try {
      Long left = shared == null ? null : redis.getExpire(name, TimeUnit.MILLISECONDS);
      if (left == null || left <= 0) {
        return null;
      }
      long until = System.currentTimeMillis() + left;
      Refusal now = new Refusal(shared.status(), shared.fields(), shared.content(), until);
      refusals.put(name, now);
      return now;
    } catch (DataAccessException e) {
      return null;
    }
  }

  private void write(String name, Object value, Duration kept) {
    try {
      redis.opsForValue().set(name, JSON.writeValueAsBytes(value), kept);
    } catch (IOException | DataAccessException e) {
      // this instance has it in memory
    }
  }

  /** The value in Redis, or null if it is missing or unreadable or Redis does not answer. */
  private <T> T read(String name, Class<T> type) {
    try {
      byte[] value = (byte[]) redis.opsForValue().get(name);
      return value == null ? null : JSON.readValue(value, type);
    } catch (IOException | DataAccessException e) {
      return null;
    }
  }

  private String name(String credential, String resource) {
    return prefix + credential + ":" + resource;
  }

  private static String request(UpstreamRequest ask) {
    return Hash.of(ask.method() + " " + ask.path());
  }

  private static String resource(Map<String, String> fields) {
    return fields.getOrDefault(Limit.PREFIX + "resource", "core");
  }

  /** The fields whose names have this prefix; of a repeated field, the last. */
  private static Map<String, String> fields(HttpFields message, String prefix) {
    Map<String, String> fields = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    for (Map.Entry<String, String> field : message.all()) {
      if (field.getKey().regionMatches(true, 0, prefix, 0, prefix.length())) {
        fields.put(field.getKey(), field.getValue());
      }
    }
    return fields;
  }
}
