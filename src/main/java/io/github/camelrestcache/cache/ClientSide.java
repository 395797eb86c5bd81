package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.Conditions;
import io.github.camelrestcache.base.HttpDates;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.cache.Flights.Outcome;
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
import org.apache.hc.core5.http.message.BasicClassicHttpResponse;

/**
 * What stands between a route and the caching client. It takes the message from the variable {@code
 * ask}, shows the cache its {@link CacheRequest}, makes of the cache's answer the one to this very
 * client, and puts its fields, whole, into the variable {@code answered}.
 */
record ClientSide(
    URI upstream,
    Entries entries,
    ContentRoom large,
    Generations generations,
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
    Changes.Stamp stamp = generations.stamp(ask);
    String generation = ask.isCached() ? generations.of(ask.path()) : null;
    CacheRequest seen =
        new CacheRequest(request, ask, generation == null ? null : generation + urls.form());
    ExecChain.Scope seenScope =
        new ExecChain.Scope(
            scope.exchangeId, scope.route, seen, scope.execRuntime, scope.clientContext);
    if (seen.isOnlyIfCached() && !seen.isCached()) {
      refuse(null, null);
    }
    Outcome outcome = Outcome.FAILED;
    entries.isLost();
    large.asks(exchange);
    try {
      ClassicHttpResponse response = chain.proceed(seen, seenScope);
      Forwarded forwarded = Forwarded.in(context);
      HttpCacheEntry entry = context.getCacheEntry();
      if (entry == null) {
        refuse(forwarded, response);
      }
      boolean stoodIn = entry != null && isOfTheCache(context);
      outcome =
          stoodIn
              ? Outcome.STOOD_IN
              : entry == null && response.getCode() >= 500 ? Outcome.FAILED : Outcome.ANSWERED;
      if (!ask.isSafe() && response.getCode() < 400) {
        invalidate(ask, response);
      }
      String status = status(exchange, context, response);
      if (entry == null) {
        KeptFields.restore(response, false);
        if (response.getEntity() != null) {
          response.setEntity(new AbandonableEntity(response.getEntity(), scope.execRuntime));
        }
      } else {
        if (status.startsWith("hit") && !stoodIn) {
          exchange.setVariable("holding", new Holding(stamp, freshness(entry, response)));
        }
        response = fromStore(ask, forwarded == null || stoodIn, response);
        exchange.setVariable("inMemory", true);
      }
      note(exchange, response, status);
      return response;
    } finally {
      large.asks(null);
      Forwarded forwarded = Forwarded.in(context);
      if (forwarded != null) {
        generations.changed(ask.path());
        if (forwarded.flight != null) {
          flights.end(forwarded.flight, outcome);
        }
      }
    }
  }

  /** The library counts whole seconds of age from when an entry came. */
  private static Freshness freshness(HttpCacheEntry entry, ClassicHttpResponse response) {
    long here = Duration.between(entry.getResponseInstant(), Instant.now()).toNanos();
    long age = age(response) * A_SECOND + Math.floorMod(here, A_SECOND);
    return new Freshness(System.nanoTime() - age, Cacheability.lifetime(entry));
  }

  private static long age(ClassicHttpResponse response) {
    return Long.parseLong(response.getFirstHeader("Age").getValue());
  }

  private static boolean isOfTheCache(HttpCacheContext context) {
    return context.getCacheResponseStatus() == CacheResponseStatus.CACHE_MODULE_RESPONSE;
  }

  /**
   * What the cache answers of itself is an error of ours, or GitHub's failure to be told as such.
   */
  private static void refuse(Forwarded forwarded, ClassicHttpResponse response) throws IOException {
    if (forwarded == null) {
      throw new Problem(
          504,
          "Gateway timeout",
          "It is not stored, or no longer fresh, and only-if-cached was asked for: ask without.");
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
    generations.invalidate(ask.path());
    for (String name : List.of("Location", "Content-Location")) {
      Header field = response.getFirstHeader(name);
      String path = field == null ? null : pathHere(ask, field.getValue());
      if (path != null) {
        generations.invalidate(path);
      }
    }
  }

  /** The path below the upstream's of a reference that an answer makes, or null. */
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

  /** How the request was met (RFC 9211 2), without the name of the cache. */
  private String status(Exchange exchange, HttpCacheContext context, ClassicHttpResponse response) {
    Forwarded forwarded = Forwarded.in(context);
    HttpCacheEntry entry = context.getCacheEntry();
    String collapsed = exchange.getVariable("collapsed", String.class);
    if (forwarded == null && collapsed != null) {
      return "fwd=" + collapsed + "; collapsed";
    }
    boolean stoodIn = entry != null && isOfTheCache(context);
    boolean heldBack = forwarded != null && forwarded.heldBack;
    if (entry == null && heldBack) {
      return "detail=limited";
    }
    if (forwarded == null || heldBack) {
      long ttl = Cacheability.lifetime(entry) - age(response);
      String instead = heldBack ? "if-error" : "while-revalidate";
      return "hit; ttl=" + ttl + (stoodIn ? "; detail=stale-" + instead : "");
    }
    StringBuilder status = new StringBuilder("fwd=").append(forwarded.reason);
    if (forwarded.status > 0) {
      status.append("; fwd-status=").append(forwarded.status);
    } else if (collapsed != null) {
      status.append("; collapsed");
    }
    if (stoodIn) {
      status.append("; detail=stale-if-error");
    } else if (entry != null && forwarded.status != 304 && !entries.isLost()) {
      status.append("; stored");
    }
    return status.toString();
  }

  /**
   * Makes of what is stored the answer to this request.
   *
   * @param old whether it is not from GitHub this very time: then the limits in it are of the past,
   *     and it has an age (RFC 9111 5.1)
   */
  private ClassicHttpResponse fromStore(
      UpstreamRequest ask, boolean old, ClassicHttpResponse response) {
    if (old) {
      limits.update(ask, response);
    } else if (KeptFields.kept(response, "Age") == null && age(response) == 0) {
      response.removeHeaders("Age");
    }
    KeptFields.restore(response, true);
    return meet(ask, response);
  }

  /** What the client's conditions and its range make of an answer that is stored. */
  private static ClassicHttpResponse meet(UpstreamRequest ask, ClassicHttpResponse response) {
    HttpFields fields = ask.fields();
    if (response.getCode() == 200 && isNotModified(fields, response)) {
      return notModified(response);
    }
    if (ask.method().equals("HEAD")) {
      response.setEntity(null);
      return response;
    }
    return Ranges.meet(fields, response);
  }

  private static boolean isNotModified(HttpFields request, ClassicHttpResponse response) {
    Header tag = response.getFirstHeader("ETag");
    // RFC 9111 4.3.2: without Last-Modified, the time of the answer stands for it
    Header modified =
        response.getFirstHeader(
            response.containsHeader("Last-Modified") ? "Last-Modified" : "Date");
    return Conditions.isNotModified(
        request,
        tag == null ? null : tag.getValue(),
        modified == null ? null : HttpDates.parse(modified.getValue()));
  }

  /** RFC 9110 15.4.5: without the fields of the content. */
  private static ClassicHttpResponse notModified(ClassicHttpResponse response) {
    ClassicHttpResponse notModified = new BasicClassicHttpResponse(304);
    for (Header header : response.getHeaders()) {
      String name = header.getName().toLowerCase(Locale.ROOT);
      if (!name.startsWith("content-") || name.equals("content-location")) {
        notModified.addHeader(header);
      }
    }
    return notModified;
  }

  private static void note(Exchange exchange, ClassicHttpResponse response, String status) {
    HttpFields answered = new HttpFields();
    for (Header header : response.getHeaders()) {
      answered.add(header.getName(), header.getValue() == null ? "" : header.getValue());
    }
    // camel-http gives no content of some types
    response.removeHeaders("Content-Type");
    exchange.setVariable("answered", answered);
    exchange.setVariable("cacheStatus", status);
  }
}
