package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.HttpDates;
import io.github.camelrestcache.base.HttpFields;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;

/**
 * How long a response is fresh, and how it may be used afterwards (RFC 9111 4.2). Of one without
 * freshness, the lifetime is 0.
 *
 * @param isStorable whether its fields and status allow that it is stored (RFC 9111 3)
 * @param lifetime in seconds (RFC 9111 4.2.1)
 * @param noCache whether each use needs validation (RFC 9111 5.2.2.4)
 * @param mustRevalidate whether it may never be used when it is stale (RFC 9111 5.2.2.2)
 * @param whileRevalidate for how many seconds it may be used during validation (RFC 5861 3)
 * @param ifError for how many seconds it may be used if GitHub fails (RFC 5861 4)
 */
record Freshness(
    boolean isStorable,
    long lifetime,
    boolean noCache,
    boolean mustRevalidate,
    long whileRevalidate,
    long ifError) {

  private static final Duration MAX_HEURISTIC = Duration.ofDays(1);

  /** Not stored even with explicit freshness: partial, personal or temporary answers. */
  private static final Set<Integer> NEVER = Set.of(202, 206, 304, 401, 403, 404, 412, 416, 429);

  /** RFC 9110 15.1. */
  private static final Set<Integer> HEURISTIC =
      Set.of(200, 203, 204, 300, 301, 308, 405, 410, 414, 501);

  private static final Set<Integer> UNDERSTOOD =
      Set.of(200, 203, 204, 300, 301, 302, 303, 307, 308, 405, 410, 414, 501);

  /**
   * The rules of the operator.
   *
   * @param heuristic whether a response without explicit freshness gets one (RFC 9111 4.2.2)
   * @param staleIfError how long a stale response may replace a failing GitHub, at most
   */
  record Rules(boolean heuristic, Duration staleIfError) {}

  /**
   * The freshness of a response.
   *
   * @param shared whether it is for more than one caller
   */
  static Freshness of(int status, HttpFields fields, boolean shared, Rules rules) {
    Directives targeted = shared ? Directives.targeted(fields) : Directives.NONE;
    Directives said = targeted.isEmpty() ? Directives.of(fields.get("Cache-Control")) : targeted;
    boolean noStore =
        said.has("must-understand") ? !UNDERSTOOD.contains(status) : said.has("no-store");
    boolean storable = !noStore && !(shared && said.has("private")) && !NEVER.contains(status);
    long lifetime = 0;
    String maxAge = shared && said.has("s-maxage") ? "s-maxage" : "max-age";
    if (said.has(maxAge)) {
      lifetime = said.seconds(maxAge);
    } else if (targeted.isEmpty() && fields.contains("Expires")) {
      lifetime = untilExpiry(fields, date(fields));
    } else if (!HEURISTIC.contains(status) && !said.has("public")) {
      storable = false;
    } else if (rules.heuristic()) {
      lifetime = heuristic(fields, date(fields));
    }
    boolean noCache = said.has("no-cache");
    boolean validator = fields.contains("ETag") || fields.contains("Last-Modified");
    if ((lifetime == 0 || noCache) && !validator) {
      storable = false; // it could never be used
    }
    long ifError = rules.staleIfError().toSeconds();
    return new Freshness(
        storable,
        lifetime,
        noCache,
        said.has("must-revalidate") || shared && said.has("proxy-revalidate"),
        said.seconds("stale-while-revalidate"),
        said.has("stale-if-error") ? Math.min(ifError, said.seconds("stale-if-error")) : ifError);
  }

  /** Whether a stale response of this age may replace a failing GitHub. */
  boolean mayStandIn(long age) {
    return !noCache && !mustRevalidate && ifError > 0 && age - lifetime <= ifError;
  }

  private static Instant date(HttpFields fields) {
    String date = fields.get("Date");
    Instant known = date == null ? null : HttpDates.parse(date);
    return known == null ? Instant.now() : known;
  }

  /** RFC 9111 5.3: an invalid date, above all 0, is in the past. */
  private static long untilExpiry(HttpFields fields, Instant date) {
    Instant expires = HttpDates.parse(fields.get("Expires"));
    return expires == null ? 0 : Directives.bounded(Duration.between(date, expires).toSeconds());
  }

  /** RFC 9111 4.2.2: a tenth of the time since the last modification. */
  private static long heuristic(HttpFields fields, Instant date) {
    String modified = fields.get("Last-Modified");
    Instant since = modified == null ? null : HttpDates.parse(modified);
    if (since == null) {
      return 0;
    }
    long tenth = Duration.between(since, date).toSeconds() / 10;
    return Math.min(Directives.bounded(tenth), MAX_HEURISTIC.toSeconds());
  }
}
