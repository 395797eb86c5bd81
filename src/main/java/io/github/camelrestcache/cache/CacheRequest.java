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
 * and what else decides which entry may answer it. So nothing of a credential is in a key, no
 * target is normalised, and a HEAD is met from the entry of the GET. The conditions and the range
 * of the client are not in it either: {@link ClientSide} applies them to what the cache answers.
 */
final class CacheRequest extends BasicClassicHttpRequest {

  private static final long serialVersionUID = 1;

  /** Part of the partition, or taken care of outside of the cache. */
  private static final Set<String> NOT_SEEN =
      Set.of(
          "authorization",
          "x-github-api-version",
          "if-none-match",
          "if-modified-since",
          "range",
          "if-range");

  /** May be named by {@code Vary}, and are nobody's business. */
  private static final Set<String> SECRET = Set.of("cookie", "x-github-otp");

  private static final String REVALIDATE = "max-stale=0";
  private static final Pattern DEMANDING = Pattern.compile(REVALIDATE + "|max-age|min-fresh");

  private final transient UpstreamRequest ask;
  private final boolean cached;
  private final long looked = System.nanoTime();

  /**
   * @param generation of the path, see {@link Entries}; null when nothing is to be stored
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
    // with an entity the library leaves other variants alone, whose coding may be another
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

  /** The client's directives, as the library will take them. */
  private static String understood(String directives) {
    if (directives.contains("no-cache")) {
      // with no-cache it does not look what is stored, with this it always revalidates
      return directives.contains("only-if-cached") ? REVALIDATE + ", only-if-cached" : REVALIDATE;
    }
    // how old an answer may be when GitHub fails is not for clients to say
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

  /** What GitHub is asked, if it comes to that. */
  UpstreamRequest ask() {
    return ask;
  }

  /** Whether the client wants something fresher than what may be stored. */
  boolean isDemanding() {
    return containsHeader("Cache-Control")
        && DEMANDING.matcher(getFirstHeader("Cache-Control").getValue()).find();
  }

  /** Whether the client wants GitHub not to be asked. */
  boolean isOnlyIfCached() {
    return directives(ask.fields()).contains("only-if-cached");
  }

  /** Whether the answer may come from the cache, or go into it. */
  boolean isCached() {
    return cached;
  }

  /** When it began to look into the cache, by {@link System#nanoTime()}. */
  long looked() {
    return looked;
  }
}
