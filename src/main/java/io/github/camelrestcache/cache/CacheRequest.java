package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.upstream.UpstreamRequest;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.message.BasicClassicHttpRequest;

/**
 * A request as the caching client sees it: a GET whose path is a hash of the partition, the target
 * and all else that selects an entry. So keys contain no credentials, targets are not normalised,
 * and the entry of a GET answers a HEAD. The conditions and the range of the client are left out:
 * {@link ClientSide} applies them to the answer of the cache.
 */
final class CacheRequest extends BasicClassicHttpRequest {

  private static final long serialVersionUID = 1;

  /** Fields that are part of the partition, or handled outside the cache. */
  private static final Set<String> NOT_SEEN =
      Set.of(
          "authorization",
          "x-github-api-version",
          "if-none-match",
          "if-modified-since",
          "range",
          "if-range");

  /** Fields that {@code Vary} may name, and that are stored as hashes. */
  private static final Set<String> SECRET = Set.of("cookie", "x-github-otp");

  private static final String REVALIDATE = "max-stale=0";
  private static final Pattern DEMANDING = Pattern.compile(REVALIDATE + "|max-age|min-fresh");

  private final transient UpstreamRequest ask;
  private final boolean cached;
  private final long looked = System.nanoTime();

  /**
   * @param generation of the path, see {@link Generations}; null if nothing may be stored
   */
  CacheRequest(ClassicHttpRequest request, UpstreamRequest ask, String generation) {
    super(
        "GET",
        request.getScheme(),
        request.getAuthority(),
        "/" + key(ask, String.valueOf(generation)));
    this.ask = ask;
    String directives = directives(ask.fields());
    this.cached = generation != null && !directives.contains("no-store");
    if (!cached) {
      setHeader("Cache-Control", "no-store");
      return;
    }
    // with an entity the library keeps other variants, whose coding may differ
    setEntity(new ByteArrayEntity(new byte[0], null));
    for (Map.Entry<String, String> field : ask.fields().all()) {
      String name = field.getKey().toLowerCase(Locale.ROOT);
      if (SECRET.contains(name)) {
        addHeader(name, Hash.of(field.getValue()));
      } else if (!NOT_SEEN.contains(name)) {
        addHeader(field.getKey(), field.getValue());
      }
    }
    if (!directives.isEmpty()) {
      setHeader("Cache-Control", understood(directives));
    }
  }

  /** The client's directives, translated for the library. */
  private static String understood(String directives) {
    if (directives.contains("no-cache")) {
      // no-cache makes the library ignore the entry; max-stale=0 makes it revalidate
      return directives.contains("only-if-cached") ? REVALIDATE + ", only-if-cached" : REVALIDATE;
    }
    // the operator, not the client, limits the age of stale answers
    return directives.replaceAll("stale-if-error", "not-heeded");
  }

  private static String directives(HttpFields fields) {
    String directives = fields.get("Cache-Control");
    // RFC 9111 5.4
    String named = directives == null ? fields.get("Pragma") : directives;
    return named == null ? "" : named.toLowerCase(Locale.ROOT);
  }

  private static String key(UpstreamRequest ask, String generation) {
    String version = ask.fields().get("X-GitHub-Api-Version");
    return Hash.of(
        String.join(
            "\n",
            ask.credential(),
            generation,
            version == null ? "" : "=" + version,
            ask.target()));
  }

  /** The request to send to GitHub, if necessary. */
  UpstreamRequest ask() {
    return ask;
  }

  /** Whether the client wants a fresher answer than what may be stored. */
  boolean isDemanding() {
    return containsHeader("Cache-Control")
        && DEMANDING.matcher(getFirstHeader("Cache-Control").getValue()).find();
  }

  /** Whether the client wants a stored answer only. */
  boolean isOnlyIfCached() {
    return directives(ask.fields()).contains("only-if-cached");
  }

  /** Whether the cache may answer it and store its answer. */
  boolean isCached() {
    return cached;
  }

  /** When the look-up in the cache began, by {@link System#nanoTime()}. */
  long looked() {
    return looked;
  }
}
