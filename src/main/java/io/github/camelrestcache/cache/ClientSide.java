package io.github.camelrestcache.cache;

import io.github.camelrestcache.cache.Flights.Outcome;
import io.github.camelrestcache.http.Conditions;
import io.github.camelrestcache.http.HttpDates;
import io.github.camelrestcache.http.HttpFields;
import io.github.camelrestcache.http.Problem;
import io.github.camelrestcache.upstream.UpstreamRequest;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
final class ClientSide implements ExecChainHandler {

  private static final Pattern MAX_AGE = Pattern.compile("max-age=(\\d+)");

  private final URI upstream;
  private final Entries entries;
  private final Flights flights;
  private final RateLimits limits;

  ClientSide(URI upstream, Entries entries, Flights flights, RateLimits limits) {
    this.upstream = upstream;
    this.entries = entries;
    this.flights = flights;
    this.limits = limits;
  }

  @Override
  public ClassicHttpResponse execute(
      ClassicHttpRequest request, ExecChain.Scope scope, ExecChain chain)
      throws IOException, HttpException {
    HttpCacheContext context = HttpCacheContext.cast(scope.clientContext);
    Exchange exchange = (Exchange) context.getAttribute(Exchange.class.getName());
    UpstreamRequest ask = exchange.getVariable("ask", UpstreamRequest.class);
    String generation = ask.isCached() ? entries.generation(ask.path()) : null;
    CacheRequest seen = new CacheRequest(request, ask, generation);
    ExecChain.Scope seenScope =
        new ExecChain.Scope(
            scope.exchangeId, scope.route, seen, scope.execRuntime, scope.clientContext);
    Outcome outcome = Outcome.FAILED;
    try {
      ClassicHttpResponse response = chain.proceed(seen, seenScope);
      Forwarded forwarded = Forwarded.in(context);
      HttpCacheEntry entry = context.getCacheEntry();
      if (entry == null) {
        refuse(forwarded, response);
      }
      outcome =
          entry != null
              ? Outcome.STORED
              : response.getCode() >= 500 ? Outcome.FAILED : Outcome.NOT_STORED;
      if (!ask.isRead() && response.getCode() < 400) {
        invalidate(ask, response);
      }
      String status = status(exchange, context, response);
      if (entry != null) {
        fromStore(ask, forwarded, response);
      }
      KeptFields.restore(response);
      if (entry != null) {
        response = meet(ask, response);
      } else if (response.getEntity() != null) {
        response.setEntity(new AbandonableEntity(response.getEntity(), scope.execRuntime));
      }
      note(exchange, response, status);
      return response;
    } finally {
      Forwarded forwarded = Forwarded.in(context);
      if (forwarded != null && forwarded.flight() != null) {
        flights.end(forwarded.flight(), outcome);
      }
    }
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
    if (forwarded.failure() != null) {
      throw forwarded.failure();
    }
    if (forwarded.refusedForNow()) {
      response.setCode(forwarded.status());
    }
  }

  /** RFC 9111 4.4. */
  private void invalidate(UpstreamRequest ask, ClassicHttpResponse response) {
    entries.invalidate(ask.path());
    for (String name : List.of("Location", "Content-Location")) {
      Header field = response.getFirstHeader(name);
      String path = field == null ? null : pathHere(ask, field.getValue());
      if (path != null) {
        entries.invalidate(path);
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
  private static String status(
      Exchange exchange, HttpCacheContext context, ClassicHttpResponse response) {
    Forwarded forwarded = Forwarded.in(context);
    HttpCacheEntry entry = context.getCacheEntry();
    boolean fallback =
        entry != null
            && context.getCacheResponseStatus() == CacheResponseStatus.CACHE_MODULE_RESPONSE;
    String collapsed = exchange.getVariable("collapsed", String.class);
    if (forwarded == null) {
      if (collapsed != null) {
        return "fwd=" + collapsed + "; collapsed";
      }
      long ttl = lifetime(entry) - age(response);
      return "hit; ttl=" + ttl + (fallback ? "; detail=stale-while-revalidate" : "");
    }
    StringBuilder status = new StringBuilder("fwd=").append(forwarded.reason());
    if (forwarded.status() > 0) {
      status.append("; fwd-status=").append(forwarded.status());
    }
    if (fallback) {
      status.append("; detail=stale-if-error");
    } else if (entry != null && forwarded.status() != 304) {
      status.append("; stored");
    }
    return status.toString();
  }

  private static long lifetime(HttpCacheEntry entry) {
    Header directives = entry.getFirstHeader("Cache-Control");
    Matcher maxAge = MAX_AGE.matcher(directives == null ? "" : directives.getValue());
    return maxAge.find() ? Long.parseLong(maxAge.group(1)) : 0;
  }

  private static long age(ClassicHttpResponse response) {
    Header age = response.getFirstHeader("Age");
    return age == null ? 0 : Long.parseLong(age.getValue());
  }

  /** An answer that GitHub was not asked for has an age (RFC 9111 5.1), and limits of today. */
  private void fromStore(UpstreamRequest ask, Forwarded forwarded, ClassicHttpResponse response) {
    if (forwarded == null && !response.containsHeader("Age")) {
      response.setHeader("Age", "0");
    }
    if (forwarded == null || forwarded.status() >= 400 || forwarded.failure() != null) {
      limits.update(ask.credential(), response);
    }
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
    exchange.setVariable("answered", answered);
    exchange.setVariable("cacheStatus", status);
  }
}
