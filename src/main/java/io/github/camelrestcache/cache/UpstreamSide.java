package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.HttpDates;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.InFlight.Share;
import io.github.camelrestcache.cache.Flights.Outcome;
import io.github.camelrestcache.upstream.Limit;
import io.github.camelrestcache.upstream.RateLimits;
import io.github.camelrestcache.upstream.UpstreamRequest;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.hc.client5.http.cache.CacheResponseStatus;
import org.apache.hc.client5.http.cache.HttpCacheContext;
import org.apache.hc.client5.http.classic.ExecChain;
import org.apache.hc.client5.http.classic.ExecChainHandler;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ConnectionRequestTimeoutException;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.message.BasicClassicHttpRequest;

/**
 * The layer between the caching client and GitHub. It sends the exact request, with the validators
 * of the cache if it revalidates, and tells the cache in its own terms what it may do with the
 * answer ({@link Cacheability}).
 */
record UpstreamSide(
    String basePath,
    Cacheability cacheability,
    Flights flights,
    RateLimits limits,
    Entries entries,
    Scopes scopes,
    RequestConfig requestConfig,
    RewrittenJson json)
    implements ExecChainHandler {

  private static final List<String> CONDITIONS = List.of("If-None-Match", "If-Modified-Since");

  /** Fields that select GitHub's answer; {@code Vary} is known too late. */
  private static final List<String> TELLS_APART =
      List.of(
          "Accept",
          "Accept-Encoding",
          "Accept-Language",
          "Cookie",
          "X-GitHub-OTP",
          "Range",
          "If-None-Match",
          "If-Modified-Since");

  /** Milliseconds after a deadline by which every connection has been opened or has failed. */
  private static final long LATE = 10_000;

  @Override
  public ClassicHttpResponse execute(
      ClassicHttpRequest request, ExecChain.Scope scope, ExecChain chain)
      throws IOException, HttpException {
    CacheRequest seen = (CacheRequest) scope.originalRequest;
    UpstreamRequest ask = seen.ask;
    HttpCacheContext context = HttpCacheContext.cast(scope.clientContext);
    // a revalidation in the background (RFC 5861 3) has a context of its own
    boolean background = context.getAttribute(Exchange.class.getName()) == null;
    boolean stale = background || context.getCacheResponseStatus() == CacheResponseStatus.CACHE_HIT;
    boolean validates = CONDITIONS.stream().anyMatch(request::containsHeader);
    Forwarded forwarded = background ? new Forwarded() : seen.forwarded;
    ClientRequest client = background ? null : seen.client;
    Outcome waited = background ? null : seen.waited;
    String reason = reason(seen, stale);
    if (background) {
      context.setRequestConfig(requestConfig); // the library sets none
    } else if (seen.cached
        && forwarded.reason == null
        && (waited == null || waited == Outcome.FAILED || forwarded.outdated)) {
      forwarded.flight = flights.begin(key(seen), reason, seen.looked);
    }
    forwarded.reason = reason;
    try {
      if (stale && waited == Outcome.STOOD_IN && !forwarded.outdated) {
        throw new SocketTimeoutException("GitHub failed for an identical concurrent request");
      }
      ClassicHttpResponse response = limits.refusal(ask);
      boolean limited = response != null;
      forwarded.heldBack = limited;
      if (!limited) {
        takePlace(client, ask);
        if (seen.cached && seen.mark.isEmpty()) {
          seen.mark = scopes.create(seen.place);
        }
        response = proceed(message(request, ask, stale || validates, scope), ask, scope, chain);
        forwarded.status = response.getCode();
        limited = isLimit(response);
        if (limited) {
          limits.refused(ask, response, Contents.text(response));
        }
      }
      String validator = KeptFields.value(request, "If-None-Match");
      json.rewrite(response, validator == null ? ask.fields().get("If-None-Match") : validator);
      translate(seen, response, validates);
      if (stale) {
        settle(seen, scope, forwarded, limited, response);
      }
      if (!isNoStore(response)) {
        Contents.reserve(client, response, json.mostBytes());
      }
      return response;
    } catch (IOException e) {
      forwarded.failure = e;
      throw e;
    } catch (RuntimeException e) { // a content without room: the rest of it is not read
      scope.execRuntime.discardEndpoint();
      throw e;
    }
  }

  private static String reason(CacheRequest seen, boolean stale) {
    if (stale) {
      return seen.isDemanding() ? "request" : "stale";
    }
    if (seen.cached) {
      return "uri-miss";
    }
    return seen.ask.isRead() ? "bypass" : "method";
  }

  /** The key of a flight: requests with the same key get the same answer. */
  private static String key(CacheRequest seen) {
    StringBuilder key = new StringBuilder(seen.ask.method()).append(seen.getPath());
    TELLS_APART.forEach(name -> key.append('\n').append(seen.ask.fields().get(name)));
    return key.toString();
  }

  private static boolean isNoStore(ClassicHttpResponse response) {
    return "no-store".equals(KeptFields.value(response, "Cache-Control"));
  }

  /** Takes a place among the requests in flight; without a client, none is needed. */
  private static void takePlace(ClientRequest client, UpstreamRequest ask)
      throws ConnectionRequestTimeoutException {
    if (client != null
        && (ask.content() != null && !client.ticket().take(Share.UPLOADS, 1)
            || !client.ticket().take(Share.FORWARDS, 1))) {
      throw new ConnectionRequestTimeoutException("MAX_FORWARDS requests are in flight");
    }
  }

  /** Asks GitHub, and records its rate limit. */
  private ClassicHttpResponse proceed(
      ClassicHttpRequest message, UpstreamRequest ask, ExecChain.Scope scope, ExecChain chain)
      throws IOException, HttpException {
    if (ask.deadline() != null) {
      long millis = Duration.between(Instant.now(), ask.deadline()).toMillis();
      if (millis <= 0) {
        throw new SocketTimeoutException("The deadline has passed");
      }
      // again later, in case the connection was being opened
      for (long late : new long[] {0, LATE}) {
        CompletableFuture.delayedExecutor(millis + late, TimeUnit.MILLISECONDS)
            .execute(scope.execRuntime::discardEndpoint);
      }
    }
    ClassicHttpResponse response = chain.proceed(message, scope);
    if (response.getCode() != 401) {
      // invalid credentials have no limits, and anyone can invent many
      limits.note(ask, response);
    }
    return response;
  }

  /**
   * The message for GitHub.
   *
   * @param revalidates whether its conditions are the cache's, not the client's
   */
  private ClassicHttpRequest message(
      ClassicHttpRequest request, UpstreamRequest ask, boolean revalidates, ExecChain.Scope scope) {
    HttpFields fields = new HttpFields(ask.fields().all());
    if (revalidates) {
      List.of("If-None-Match", "If-Modified-Since", "Range", "If-Range").forEach(fields::remove);
      for (String name : CONDITIONS) {
        for (Header condition : request.getHeaders(name)) {
          fields.add(name, condition.getValue());
        }
      }
    }
    BasicClassicHttpRequest message =
        new BasicClassicHttpRequest(
            ask.method(), request.getScheme(), request.getAuthority(), basePath + ask.target());
    for (Map.Entry<String, String> field : fields.all()) {
      boolean condition = field.getKey().regionMatches(true, 0, "If-", 0, 3);
      message.addHeader(
          field.getKey(), condition ? json.urls().unmark(field.getValue()) : field.getValue());
    }
    if (ask.content() != null) {
      message.setEntity(Contents.upload(ask.content(), scope.execRuntime));
    }
    return message;
  }

  /**
   * Tells the cache what it may do with an answer. Date becomes the time of arrival, and Age
   * includes the age by Date or Age (RFC 9111 4.2.3). Otherwise, the cache would compare the clocks
   * of two servers and ask twice.
   *
   * @param validated whether the cache sent a validator of its own
   */
  private void translate(CacheRequest seen, ClassicHttpResponse response, boolean validated) {
    UpstreamRequest ask = seen.ask;
    boolean said = Cacheability.isSaid(response);
    Instant now = Instant.now();
    Instant made = Objects.requireNonNullElse(KeptFields.time(response, "Date"), now);
    String directives = cacheability.of(response, ask.isShared(), made);
    long age = Math.max(Cacheability.age(response), Duration.between(made, now).toSeconds());
    KeptFields.keep(response);
    response.setHeader(KeptFields.MARK, seen.mark);
    response.setHeader("Date", HttpDates.format(now));
    response.setHeader("Age", Long.toString(age));
    boolean ofTheCache = response.getCode() == 304 && validated;
    boolean whole = ask.method().equals("GET") && response.getCode() != 304;
    boolean forACookie = whole && !ask.isOfOneCaller() && ask.fields().contains("Cookie");
    if (!seen.cached || !ofTheCache && !whole || forACookie) {
      response.setHeader("Cache-Control", "no-store");
    } else if (whole || said) {
      response.setHeader("Cache-Control", directives);
    } // otherwise a 304 keeps the stored one
  }

  /** Applies the answer to a revalidation to the stored entry. */
  private void settle(
      CacheRequest seen,
      ExecChain.Scope scope,
      Forwarded forwarded,
      boolean limited,
      ClassicHttpResponse response)
      throws IOException {
    int status = response.getCode();
    if (status >= 500) {
      Contents.text(response); // fails here if the content broke off
    }
    if (status >= 500 || limited) {
      // makes the cache use the stored answer
      response.setHeader("Cache-Control", "no-store");
      if (status < 500) {
        forwarded.refusedForNow = status;
        response.setCode(503);
      }
    } else if (status != 304 && status != 202 && isNoStore(response)) {
      // RFC 9111 4.3.3: gone, or no longer for this caller; 202 only says that it is computed
      entries.forget(scope.route.getTargetHost(), seen);
    }
  }

  /**
   * Whether GitHub refuses because of a primary or secondary limit, which only the message may
   * tell: a denied access may be the last request of a window, too.
   */
  private static boolean isLimit(ClassicHttpResponse response) throws IOException {
    if (response.getCode() != 403) {
      return response.getCode() == 429;
    }
    if (response.containsHeader("Retry-After")) {
      return true;
    }
    String said = Limit.message(Contents.text(response));
    return said.isEmpty()
        ? "0".equals(KeptFields.value(response, "x-ratelimit-remaining"))
        : said.contains("rate limit");
  }
}
