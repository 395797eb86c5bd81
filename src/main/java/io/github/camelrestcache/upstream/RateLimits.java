package io.github.camelrestcache.upstream;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.Meters;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * GitHub's primary rate limits per credential and resource: the {@code x-ratelimit-*} fields of the
 * latest answer to this instance. See GitHub's "Rate limits for the REST API".
 */
public final class RateLimits {

  private static final Pattern VISIBLE = Pattern.compile("[ -~]*");

  private static final int MOST = 10_000;

  /** How many limits are metered; those of callers' tokens come last. */
  private static final int MAX_METERED = 100;

  private static final Duration KEPT = Duration.ofHours(1);

  /** The {@code x-ratelimit-*} fields of the latest answer, and the limit in them or null. */
  private record Latest(
      String credential, String resource, Map<String, String> fields, Limit limit) {}

  private final Cache<String, Latest> latest = memory(KEPT);

  /** By request, the resource that it counts against, if that is not the guessed one. */
  private final Cache<String, String> unusual = memory(KEPT);

  /**
   * @param own the credential of the service's token
   */
  public RateLimits(Supplier<String> own, Meters meters) {
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

  static <T> Cache<String, T> memory(Duration kept) {
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
        .limit(MAX_METERED)
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
    String guessed = Limit.guessed(ask.path());
    String resource = fields.getOrDefault(Limit.PREFIX + "resource", guessed);
    if (resource.equals(guessed)) {
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

  /** The resource that a request counts against. GitHub names it only in the answer. */
  String resource(UpstreamRequest ask) {
    String known = unusual.getIfPresent(request(ask));
    return known == null ? Limit.guessed(ask.path()) : known;
  }

  private static String name(String credential, String resource) {
    return credential + ":" + resource;
  }

  private static String request(UpstreamRequest ask) {
    return Hash.of(ask.method() + " " + ask.path());
  }

  /** The fields whose names have this prefix; of a repeated field, the last. */
  static Map<String, String> fields(HttpFields message, String prefix) {
    Map<String, String> fields = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    for (Map.Entry<String, String> field : message.all()) {
      if (field.getKey().regionMatches(true, 0, prefix, 0, prefix.length())) {
        fields.put(field.getKey(), field.getValue());
      }
    }
    return fields;
  }
}
