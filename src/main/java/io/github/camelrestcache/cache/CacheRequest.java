package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.cache.Flights.Outcome;
import io.github.camelrestcache.upstream.UpstreamRequest;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;
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

  /** The request to send to GitHub, if necessary. */
  final transient UpstreamRequest ask;

  /** The client's request, or null in a refresh. */
  final transient ClientRequest client;

  /** The outcome of the request of another client that this one has waited for, or null. */
  final transient Outcome waited;

  /** What the cache does to answer it, except in the background. */
  final transient Forwarded forwarded = new Forwarded();

  /** Where its path belongs. */
  final transient Scopes.Place place;

  /** The {@linkplain Scopes mark} of its scope before GitHub is asked. */
  String mark;

  /** Whether the cache may answer it and store its answer. */
  final boolean cached;

  /** Whether the client wants a stored answer only. */
  final boolean onlyIfCached;

  /** When the look-up in the cache began, by {@link System#nanoTime()}. */
  final long looked = System.nanoTime();

  /**
   * @param kind identifies what is stored besides the request
   * @param place where the path belongs
   * @param version of the path; null if nothing may be stored
   */
  CacheRequest(
      ClassicHttpRequest request,
      UpstreamRequest ask,
      Exchange exchange,
      String kind,
      Scopes.Place place,
      Scopes.Version version) {
    super("GET", request.getScheme(), request.getAuthority(), "/" + key(ask, kind));
    this.place = place;
    mark = version == null ? "" : version.mark();
    this.ask = ask;
    client = exchange.getVariable("request", ClientRequest.class);
    waited = exchange.getVariable(Flights.WAITED, Outcome.class);
    String directives = directives(ask);
    cached = version != null && !directives.contains("no-store");
    onlyIfCached = directives.contains("only-if-cached");
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
    if (directives.contains("no-cache")) {
      // no-cache makes the library ignore the entry; max-stale=0 makes it revalidate
      setHeader("Cache-Control", onlyIfCached ? REVALIDATE + ", only-if-cached" : REVALIDATE);
    } else if (!directives.isEmpty()) {
      // the operator, not the client, limits the age of stale answers
      setHeader("Cache-Control", directives.replace("stale-if-error", "not-heeded"));
    }
  }

  /** The client's directives in lower case (RFC 9111 5.4). */
  private static String directives(UpstreamRequest ask) {
    String directives = ask.fields().get("Cache-Control");
    String named = directives == null ? ask.fields().get("Pragma") : directives;
    return named == null ? "" : named.toLowerCase(Locale.ROOT);
  }

  private static String key(UpstreamRequest ask, String kind) {
    String version = ask.fields().get("X-GitHub-Api-Version");
    return Hash.of(
        String.join(
            "\n", ask.credential(), kind, version == null ? "" : "=" + version, ask.target()));
  }

  /** Whether the client wants a fresher answer than what may be stored. */
  boolean isDemanding() {
    String directives = KeptFields.value(this, "Cache-Control");
    return directives != null && DEMANDING.matcher(directives).find();
  }
}
