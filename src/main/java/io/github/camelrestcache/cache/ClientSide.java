package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.Conditions;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.cache.Flights.Outcome;
import io.github.camelrestcache.cache.Scopes.Place;
import io.github.camelrestcache.cache.Scopes.Version;
import io.github.camelrestcache.store.Changes;
import io.github.camelrestcache.upstream.RateLimits;
import io.github.camelrestcache.upstream.UpstreamRequest;
import io.github.camelrestcache.upstream.UpstreamUrls;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.apache.camel.Exchange;
import org.apache.hc.client5.http.cache.CacheResponseStatus;
import org.apache.hc.client5.http.cache.HttpCacheContext;
import org.apache.hc.client5.http.cache.HttpCacheEntry;
import org.apache.hc.client5.http.classic.ExecChain;
import org.apache.hc.client5.http.classic.ExecChainHandler;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpException;
import org.springframework.dao.DataAccessException;

/**
 * The layer between a route and the caching client. It takes the request from the variable {@code
 * ask}, shows the cache its {@link CacheRequest}, turns the answer of the cache into the one for
 * this client, and puts its unmodified fields into the variable {@code answered}.
 */
record ClientSide(
    URI upstream,
    Entries entries,
    Scopes scopes,
    Purges purges,
    Flights flights,
    RateLimits limits,
    UpstreamUrls urls)
    implements ExecChainHandler {

  private static final long A_SECOND = Duration.ofSeconds(1).toNanos();

  @Override
  public ClassicHttpResponse execute(
      ClassicHttpRequest request, ExecChain.Scope scope, ExecChain chain)
      throws IOException, HttpException {
    HttpCacheContext context = HttpCacheContext.cast(scope.clientContext);
    Exchange exchange = (Exchange) context.getAttribute(Exchange.class.getName());
    UpstreamRequest ask = exchange.getVariable("ask", UpstreamRequest.class);
    Place place = scopes.place(ask.path());
    Changes.Stamp stamp = scopes.stamp(place, ask.credential());
    Version version = ask.isCached() ? version(place) : null;
    String purge = version == null ? "" : version.purge();
    String kind = purge + purges.mark(place.path()) + urls.form();
    CacheRequest seen = new CacheRequest(request, ask, exchange, kind, place, version);
    Forwarded forwarded = seen.forwarded;
    ExecChain.Scope seenScope =
        new ExecChain.Scope(
            scope.exchangeId, scope.route, seen, scope.execRuntime, scope.clientContext);
    if (seen.onlyIfCached && !seen.cached) {
      refuse(forwarded, null);
    }
    Outcome outcome = Outcome.FAILED;
    entries.serve(seen);
    try {
      ClassicHttpResponse response = chain.proceed(seen, seenScope);
      HttpCacheEntry entry = context.getCacheEntry();
      boolean stoodIn =
          entry != null
              && context.getCacheResponseStatus() == CacheResponseStatus.CACHE_MODULE_RESPONSE;
      if (entry == null) {
        refuse(forwarded, response);
      }
      if (stoodIn) {
        outcome = Outcome.STOOD_IN;
      } else if (entry != null || response.getCode() < 500) {
        outcome = Outcome.ANSWERED;
      }
      if (!ask.isSafe() && response.getCode() < 400) {
        invalidate(ask, response);
      }
      if (version != null && forwarded.status > 0) {
        scopes.learn(place, KeptFields.value(response, "Link"));
        if (version.mark().isEmpty() && entry != null) {
          scopes.keep(place);
        }
      }
      String collapsed = exchange.getVariable("collapsed", String.class);
      String status = status(forwarded, collapsed, entry, stoodIn, response);
      if (entry == null) {
        KeptFields.restore(response, false);
        if (response.getEntity() != null) {
          response.setEntity(Contents.abandonable(response.getEntity(), scope.execRuntime));
        }
      } else {
        if (status.startsWith("hit") && !stoodIn) {
          exchange.setVariable("holding", holding(stamp, entry, response));
        }
        adapt(ask, forwarded.reason == null || stoodIn, response);
        exchange.setVariable("inMemory", true);
      }
      note(exchange, response, status);
      return response;
    } finally {
      entries.serve(null);
      if (forwarded.reason != null) {
        scopes.changed(place);
        if (forwarded.flight != null) {
          flights.end(forwarded.flight, outcome);
        }
      }
    }
  }

  /** The version of a path, or null if nothing may be read or stored. */
  private Version version(Place place) {
    try {
      return scopes.version(place);
    } catch (DataAccessException e) {
      entries.failed(e);
      return null;
    }
  }

  /** The library counts the age in whole seconds since an entry arrived. */
  private static Holding holding(
      Changes.Stamp stamp, HttpCacheEntry entry, ClassicHttpResponse response) {
    long here = Duration.between(entry.getResponseInstant(), Instant.now()).toNanos();
    long age = age(response) * A_SECOND + Math.floorMod(here, A_SECOND);
    return new Holding(stamp, System.nanoTime() - age, Cacheability.lifetime(entry));
  }

  private static long age(ClassicHttpResponse response) {
    return Long.parseLong(KeptFields.value(response, "Age"));
  }

  /** Turns an answer that the cache itself made into a 504 or into GitHub's failure. */
  private static void refuse(Forwarded forwarded, ClassicHttpResponse response) throws IOException {
    if (forwarded.reason == null) {
      throw new Problem(
          504,
          "Gateway timeout",
          "No fresh answer is stored, and the request has only-if-cached: retry without it.");
    }
    if (forwarded.failure != null) {
      throw forwarded.failure;
    }
    if (forwarded.refusedForNow > 0) {
      response.setCode(forwarded.refusedForNow);
    }
  }

  /** RFC 9111 4.4. */
  private void invalidate(UpstreamRequest ask, ClassicHttpResponse response) {
    scopes.written(ask.path());
    for (String name : List.of("Location", "Content-Location")) {
      String reference = KeptFields.value(response, name);
      String path = reference == null ? null : pathHere(ask, reference);
      if (path != null) {
        scopes.written(path);
      }
    }
  }

  /** The path of a reference in an answer, below that of the upstream, or null. */
  private String pathHere(UpstreamRequest ask, String reference) {
    try {
      String base = upstream.getRawPath().replaceAll("/+$", "");
      URI to = upstream.resolve(base + ask.target()).resolve(reference);
      boolean sameOrigin =
          upstream.getScheme().equalsIgnoreCase(to.getScheme())
              && upstream.getAuthority().equalsIgnoreCase(to.getAuthority());
      return sameOrigin && to.getRawPath().startsWith(base)
          ? to.getRawPath().substring(base.length())
          : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** The Cache-Status value (RFC 9211 2), without the name of the cache. */
  private static String status(
      Forwarded forwarded,
      String collapsed,
      HttpCacheEntry entry,
      boolean stoodIn,
      ClassicHttpResponse response) {
    if (forwarded.reason == null && collapsed != null) {
      return "fwd=" + collapsed + "; collapsed";
    }
    if (forwarded.heldBack && entry == null) {
      return "detail=limited";
    }
    if (forwarded.reason == null || forwarded.heldBack) {
      long ttl = Cacheability.lifetime(entry) - age(response);
      String instead = forwarded.heldBack ? "if-error" : "while-revalidate";
      return "hit; ttl=" + ttl + (stoodIn ? "; detail=stale-" + instead : "");
    }
    String status = "fwd=" + forwarded.reason;
    if (forwarded.status > 0) {
      status += "; fwd-status=" + forwarded.status;
    } else if (collapsed != null) {
      status += "; collapsed";
    }
    if (stoodIn) {
      status += "; detail=stale-if-error";
    } else if (entry != null && forwarded.status != 304 && !forwarded.lost) {
      status += "; stored";
    }
    return status;
  }

  /**
   * Turns a stored answer into the answer to this request, with its conditions and its range.
   *
   * @param old whether GitHub did not just send it: then its limits are outdated, and it has an age
   *     (RFC 9111 5.1)
   */
  private void adapt(UpstreamRequest ask, boolean old, ClassicHttpResponse response)
      throws IOException {
    if (old) {
      limits.update(ask, response);
    } else if (!KeptFields.isKept(response, "Age") && age(response) == 0) {
      response.removeHeaders("Age");
    }
    KeptFields.restore(response, true);
    if (response.getCode() == 200 && isNotModified(ask.fields(), response)) {
      turnIntoNotModified(response);
    } else if (ask.method().equals("HEAD")) {
      response.setEntity(null);
    } else {
      Ranges.apply(ask.fields(), response);
    }
  }

  private static boolean isNotModified(HttpFields request, ClassicHttpResponse response) {
    // RFC 9111 4.3.2: without Last-Modified, Date replaces it
    String modified = response.containsHeader("Last-Modified") ? "Last-Modified" : "Date";
    return Conditions.isNotModified(
        request, KeptFields.value(response, "ETag"), KeptFields.time(response, modified));
  }

  /** RFC 9110 15.4.5: a 304 without the fields of the content. */
  private static void turnIntoNotModified(ClassicHttpResponse response) {
    response.setCode(304);
    response.setEntity(null);
    for (Header header : response.getHeaders()) {
      String name = header.getName().toLowerCase(Locale.ROOT);
      if (name.startsWith("content-") && !name.equals("content-location")) {
        response.removeHeader(header);
      }
    }
  }

  private static void note(Exchange exchange, ClassicHttpResponse response, String status) {
    HttpFields answered = new HttpFields();
    for (Header header : response.getHeaders()) {
      answered.add(header.getName(), header.getValue() == null ? "" : header.getValue());
    }
    // camel-http drops the content of some types
    response.removeHeaders("Content-Type");
    exchange.setVariable("answered", answered);
    exchange.setVariable("cacheStatus", status);
  }
}
