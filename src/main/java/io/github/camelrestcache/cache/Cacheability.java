package io.github.camelrestcache.cache;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hc.client5.http.cache.HttpCacheEntry;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpResponse;
import org.apache.hc.core5.http.message.MessageSupport;
import org.greenbytes.http.sfv.ParseException;
import org.greenbytes.http.sfv.Parser;

/**
 * Decides whether an answer may be stored and how long it is fresh (RFC 9111 3 and 4.2). The result
 * is one {@code Cache-Control} for the caching client, which knows neither RFC 9213 nor invalid
 * dates.
 *
 * @param heuristic whether an answer without explicit freshness gets one (RFC 9111 4.2.2)
 * @param staleIfError how long a stale answer may replace a failing upstream, at most
 */
record Cacheability(URI upstream, boolean heuristic, Duration staleIfError) {

  /** The highest number of seconds that the caching client supports. */
  private static final long MOST_SECONDS = Integer.MAX_VALUE;

  private static final Duration MOST_HEURISTIC = Duration.ofDays(1);

  /** Not stored even with explicit freshness: partial, personal or temporary answers. */
  private static final Set<Integer> NEVER = Set.of(202, 206, 401, 403, 404, 412, 416, 429);

  /** RFC 9110 15.1. */
  private static final Set<Integer> HEURISTIC =
      Set.of(200, 203, 204, 300, 301, 308, 405, 410, 414, 501);

  private static final Set<Integer> UNDERSTOOD =
      Set.of(200, 203, 204, 300, 301, 302, 303, 307, 308, 405, 410, 414, 501);

  private static final Pattern MAX_AGE = Pattern.compile("max-age=(\\d+)");

  /** The first number of seconds in Age (RFC 9111 5.1), 0 if it is invalid. */
  static long age(HttpResponse response) {
    String age = KeptFields.value(response, "Age");
    return age == null ? 0 : seconds(age.split(",", 2)[0].strip());
  }

  /** The freshness lifetime of an entry, in seconds. */
  static long lifetime(HttpCacheEntry entry) {
    String directives = KeptFields.value(entry, "Cache-Control");
    Matcher maxAge = MAX_AGE.matcher(directives == null ? "" : directives);
    return maxAge.find() ? Long.parseLong(maxAge.group(1)) : 0;
  }

  /** Whether an answer has fields about its freshness. */
  static boolean isSaid(HttpResponse response) {
    return response.containsHeader("Cache-Control")
        || response.containsHeader("CDN-Cache-Control")
        || response.containsHeader("Expires");
  }

  /**
   * The {@code Cache-Control} for an answer.
   *
   * @param shared whether the partition belongs to more than one caller
   * @param date when the answer was made
   */
  String of(HttpResponse response, boolean shared, Instant date) {
    int status = response.getCode();
    Map<String, String> targeted = shared ? targeted(response) : Map.of();
    Map<String, String> said = targeted.isEmpty() ? directives(response) : targeted;
    boolean noStore =
        said.containsKey("no-store")
            && !(said.containsKey("must-understand") && UNDERSTOOD.contains(status));
    if (noStore
        || shared && said.containsKey("private")
        || NEVER.contains(status)
        || leadsElsewhere(response)) {
      return "no-store";
    }
    String maxAge = said.get(shared && said.containsKey("s-maxage") ? "s-maxage" : "max-age");
    long lifetime = 0;
    if (maxAge != null) {
      lifetime = seconds(maxAge);
    } else if (targeted.isEmpty() && response.containsHeader("Expires")) {
      lifetime = untilExpiry(response, date);
    } else if (HEURISTIC.contains(status) || said.containsKey("public")) {
      lifetime = heuristic(response, date);
    } else if (status != 304) {
      return "no-store";
    }
    boolean validator = response.containsHeader("ETag") || response.containsHeader("Last-Modified");
    boolean revalidated = lifetime == 0 || said.containsKey("no-cache");
    if (revalidated && !validator && status != 304) {
      return "no-store"; // it could never be used
    }
    return directives(said, lifetime, shared);
  }

  private String directives(Map<String, String> said, long lifetime, boolean shared) {
    StringBuilder directives = new StringBuilder("public, max-age=").append(lifetime);
    if (said.containsKey("no-cache")) {
      directives.append(", no-cache");
    }
    if (said.containsKey("must-revalidate") || shared && said.containsKey("proxy-revalidate")) {
      directives.append(", must-revalidate");
    }
    directives
        .append(", stale-while-revalidate=")
        .append(seconds(said.get("stale-while-revalidate")));
    long ifError = staleIfError.toSeconds();
    if (said.containsKey("stale-if-error")) {
      ifError = Math.min(ifError, seconds(said.get("stale-if-error")));
    }
    return directives.append(", stale-if-error=").append(ifError).toString();
  }

  /** RFC 9111 5.3: an invalid date, above all 0, is in the past. */
  private static long untilExpiry(HttpResponse response, Instant date) {
    Instant expires = KeptFields.time(response, "Expires");
    return expires == null ? 0 : bounded(Duration.between(date, expires).toSeconds());
  }

  /** RFC 9111 4.2.2: a tenth of the time since the last modification. */
  private long heuristic(HttpResponse response, Instant date) {
    Instant since = KeptFields.time(response, "Last-Modified");
    if (!heuristic || since == null) {
      return 0;
    }
    long tenth = Duration.between(since, date).toSeconds() / 10;
    return Math.min(bounded(tenth), MOST_HEURISTIC.toSeconds());
  }

  /** RFC 9111 1.2.2: an invalid number counts as 0, too large a number as the maximum. */
  private static long seconds(String value) {
    if (value == null || !value.matches("\\d+")) {
      return 0;
    }
    return value.length() > 10 ? MOST_SECONDS : bounded(Long.parseLong(value));
  }

  private static long bounded(long seconds) {
    return Math.max(0, Math.min(seconds, MOST_SECONDS));
  }

  /** Whether it redirects to another host: signatures in GitHub's archive URLs expire soon. */
  private boolean leadsElsewhere(HttpResponse response) {
    String location = KeptFields.value(response, "Location");
    if (location == null || response.getCode() < 300 || response.getCode() > 399) {
      return false;
    }
    try {
      URI to = upstream.resolve(location);
      return !upstream.getAuthority().equalsIgnoreCase(to.getAuthority());
    } catch (IllegalArgumentException e) {
      return true;
    }
  }

  /** The directives of {@code Cache-Control}, the first of each name (RFC 9111 4.2.1). */
  private static Map<String, String> directives(HttpResponse response) {
    Map<String, String> directives = new HashMap<>();
    MessageSupport.parseElements(
        response,
        "Cache-Control",
        each ->
            directives.putIfAbsent(
                each.getName().toLowerCase(Locale.ROOT),
                Objects.requireNonNullElse(each.getValue(), "")));
    return directives;
  }

  /** The directives of {@code CDN-Cache-Control} (RFC 9213 2.1), empty if one is invalid. */
  private static Map<String, String> targeted(HttpResponse response) {
    Map<String, String> directives = new HashMap<>();
    try {
      String[] lines =
          Arrays.stream(response.getHeaders("CDN-Cache-Control"))
              .map(Header::getValue)
              .toArray(String[]::new);
      for (var each : new Parser(lines).parseDictionary().get().entrySet()) {
        Object value = each.getValue().get();
        if (each.getKey().matches("max-age|s-maxage") && !(value instanceof Long)) {
          return Map.of();
        }
        directives.put(each.getKey(), String.valueOf(value));
      }
      return directives;
    } catch (ParseException e) {
      return Map.of();
    }
  }
}
