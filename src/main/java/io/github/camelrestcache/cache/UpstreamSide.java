package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.HttpDates;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.InFlight;
import io.github.camelrestcache.base.InFlight.Share;
import io.github.camelrestcache.cache.Flights.Flight;
import io.github.camelrestcache.upstream.Limit;
import io.github.camelrestcache.upstream.RateLimits;
import io.github.camelrestcache.upstream.UpstreamRequest;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
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
    RequestConfig requestConfig,
    RewrittenJson json)
    implements ExecChainHandler {

  private static final List<String> CONDITIONS = List.of("If-None-Match", "If-Modified-Since");

  private static final List<String> ENTITY_TAGS = List.of("If-None-Match", "If-Match", "If-Range");

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
    UpstreamRequest ask = seen.ask();
    HttpCacheContext context = HttpCacheContext.cast(scope.clientContext);
    Exchange exchange = (Exchange) context.getAttribute(Exchange.class.getName());
    // without an exchange, this is a background revalidation (RFC 5861 3)
    boolean stale =
        exchange == null || context.getCacheResponseStatus() == CacheResponseStatus.CACHE_HIT;
    String reason = stale ? seen.isDemanding() ? "request" : "stale" : reason(seen);
    Flight flight = flight(seen, exchange, Forwarded.in(context), reason);
    Forwarded forwarded = Forwarded.note(context, reason, flight);
    if (exchange == null) {
      context.setRequestConfig(requestConfig); // the library sets none in the background
    }
    try {
      if (stale && isFailing(exchange)) {
        throw new SocketTimeoutException("GitHub failed for an identical concurrent request");
      }
      ClassicHttpResponse response = limits.refusal(ask);
      if (response == null) {
        if (exchange != null && ask.deadline() == null) {
          takePlace(exchange, ask); // refreshes need none
        }
        response = proceed(message(request, ask, stale, scope), ask, scope, chain);
        forwarded.status = response.getCode();
        if (isLimit(response)) {
          limits.refused(ask, response, Contents.text(response));
          forwarded.limited = true;
        }
      } else {
        forwarded.heldBack = true;
      }
      String validator = KeptFields.value(request, "If-None-Match");
      json.rewrite(response, validator == null ? ask.fields().get("If-None-Match") : validator);
      boolean own = CONDITIONS.stream().anyMatch(request::containsHeader);
      translate(seen, response, own);
      if (stale) {
        settle(seen, scope, forwarded, response);
      }
      Header directives = response.getFirstHeader("Cache-Control");
      if (directives != null && !directives.getValue().equals("no-store")) {
        ClientRequest client =
            exchange == null ? null : exchange.getVariable("request", ClientRequest.class);
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

  /** The flight that the request leads, or null. The cache may ask twice for one request. */
  private Flight flight(CacheRequest seen, Exchange exchange, Forwarded before, String reason) {
    if (before != null) {
      return before.flight;
    }
    boolean alone =
        exchange == null
            || exchange.getVariable(Flights.WAITED) == Flights.Outcome.ANSWERED
            || isFailing(exchange);
    return seen.isCached() && !alone ? flights.begin(key(seen), reason, seen.looked()) : null;
  }

  private static boolean isFailing(Exchange exchange) {
    return exchange != null && exchange.getVariable(Flights.WAITED) == Flights.Outcome.STOOD_IN;
  }

  private static void takePlace(Exchange exchange, UpstreamRequest ask)
      throws ConnectionRequestTimeoutException {
    InFlight.Ticket ticket = exchange.getVariable("request", ClientRequest.class).ticket();
    if (ask.content() != null && !ticket.take(Share.UPLOADS, 1)
        || !ticket.take(Share.FORWARDS, 1)) {
      throw new ConnectionRequestTimeoutException("MAX_FORWARDS requests are in flight");
    }
  }

  private static String reason(CacheRequest seen) {
    return seen.isCached() ? "uri-miss" : seen.ask().isRead() ? "bypass" : "method";
  }

  private static String key(CacheRequest seen) {
    StringBuilder key = new StringBuilder(seen.ask().method()).append(seen.getPath());
    TELLS_APART.forEach(name -> key.append('\n').append(seen.ask().fields().get(name)));
    return key.toString();
  }

  /** The message for GitHub: conditions are either the cache's or the client's. */
  private ClassicHttpRequest message(
      ClassicHttpRequest request, UpstreamRequest ask, boolean stale, ExecChain.Scope scope) {
    HttpFields fields = new HttpFields(ask.fields().all());
    if (stale || CONDITIONS.stream().anyMatch(request::containsHeader)) {
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
      boolean tags = ENTITY_TAGS.stream().anyMatch(field.getKey()::equalsIgnoreCase);
      message.addHeader(
          field.getKey(), tags ? json.urls().unmark(field.getValue()) : field.getValue());
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
    UpstreamRequest ask = seen.ask();
    boolean said = Cacheability.isSaid(response);
    Instant now = Instant.now();
    Header date = response.getFirstHeader("Date");
    Instant parsed = date == null ? null : HttpDates.parse(date.getValue());
    Instant made = parsed == null ? now : parsed;
    String directives = cacheability.of(response, ask.isShared(), made);
    long age = Math.max(Cacheability.age(response), Duration.between(made, now).toSeconds());
    KeptFields.keep(response);
    response.setHeader("Date", HttpDates.format(now));
    response.setHeader("Age", Long.toString(age));
    boolean ofTheCache = response.getCode() == 304 && validated;
    boolean whole = ask.method().equals("GET") && response.getCode() != 304;
    boolean forACookie = whole && !ask.isOfOneCaller() && ask.fields().contains("Cookie");
    if (!seen.isCached() || !ofTheCache && !whole || forACookie) {
      response.setHeader("Cache-Control", "no-store");
    } else if (whole || said) {
      response.setHeader("Cache-Control", directives);
    } // otherwise a 304 keeps the stored one
  }

  /** Applies the answer to a revalidation to the stored entry. */
  private void settle(
      CacheRequest seen, ExecChain.Scope scope, Forwarded forwarded, ClassicHttpResponse response)
      throws IOException {
    int status = response.getCode();
    if (status >= 500) {
      Contents.text(response); // fails here if the content broke off
    }
    if (status >= 500 || forwarded.limited || forwarded.heldBack) {
      // makes the cache use the stored answer
      response.setHeader("Cache-Control", "no-store");
      if (status < 500) {
        forwarded.refusedForNow = status;
        response.setCode(503);
      }
    } else if (status != 304
        && response.getFirstHeader("Cache-Control").getValue().equals("no-store")) {
      // RFC 9111 4.3.3: gone, or no longer for this caller
      entries.forget(scope.route.getTargetHost(), seen);
    }
  }

  /**
   * Whether GitHub refuses because of a primary or secondary limit, which only the message may
   * tell: a denied access may be the last request of a window, too.
   */
  private static boolean isLimit(ClassicHttpResponse response) throws IOException {
    int status = response.getCode();
    if (status != 403 && status != 429) {
      return false;
    }
    String said = Limit.message(Contents.text(response));
    Header remaining = response.getFirstHeader("x-ratelimit-remaining");
    return status == 429
        || response.containsHeader("Retry-After")
        || (said.isEmpty()
            ? remaining != null && remaining.getValue().equals("0")
            : said.contains("rate limit"));
  }
}
