package io.github.camelrestcache.upstream;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.InFlight.Share;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;
import org.apache.hc.client5.http.classic.ExecChain;
import org.apache.hc.client5.http.classic.ExecChainHandler;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ConnectionRequestTimeoutException;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.message.BasicClassicHttpRequest;

/**
 * Sends the request in the variable {@code ask} exactly as it is, and puts the response into the
 * variable {@code answered}. camel-http would normalise targets ({@code //}), drop fields ({@code
 * Via}, {@code Warning}) and join repeated ones into {@code [a, b]}. While GitHub refuses requests
 * of a credential, the refusal is repeated and GitHub is not asked ({@link Refusals}).
 */
record ExactMessages(
    String basePath,
    RateLimits limits,
    Refusals refusals,
    TokenStatus tokens,
    RewrittenJson json,
    UpstreamUrls urls,
    MeterRegistry meters)
    implements ExecChainHandler {

  private static final Pattern RESOURCE = Pattern.compile("[a-z_]{1,40}");

  /** Milliseconds after a deadline by which every connection has been opened or has failed. */
  private static final long LATE = 10_000;

  @Override
  public ClassicHttpResponse execute(
      ClassicHttpRequest request, ExecChain.Scope scope, ExecChain chain)
      throws IOException, HttpException {
    Exchange exchange = (Exchange) scope.clientContext.getAttribute(Exchange.class.getName());
    UpstreamRequest ask = exchange.getVariable("ask", UpstreamRequest.class);
    try {
      ClassicHttpResponse response = refusals.refusal(ask);
      boolean isRepeated = response != null;
      boolean isLimit = isRepeated;
      boolean isTokenRefused = false;
      if (!isRepeated) {
        exchange.getVariable("turn", Turns.Turn.class).check();
        takePlace(exchange.getVariable("request", ClientRequest.class), ask);
        limitTime(ask, scope);
        response = chain.proceed(message(request, ask, scope), scope);
        meter(ask, response);
        if (response.getCode() != 401) {
          // invalid credentials have no limits, and anyone can invent many
          limits.note(ask, fields(response));
        }
        LimitKind kind = LimitKind.of(ask, response);
        isLimit = kind != null;
        if (isLimit) {
          String text = Contents.text(response);
          refusals.refused(ask, kind, response.getCode(), fields(response), text);
        }
        isTokenRefused = ask.lent() && !ask.isShared() && noteToken(ask, response);
        if (isTokenRefused) {
          scope.execRuntime.discardEndpoint(); // callers are not told of a token that is not theirs
          response.setEntity(null);
          response.removeHeaders("Content-Encoding");
        }
      }
      json.rewrite(response, ask.fields().get("If-None-Match"));
      exchange.setVariable(
          "answered",
          new UpstreamResponse(
              response.getCode(), fields(response), isLimit, isRepeated, isTokenRefused));
      if (response.getEntity() != null) {
        response.setEntity(Contents.abandonable(response.getEntity(), scope.execRuntime));
      }
      response.removeHeaders("Content-Type"); // camel-http drops the content of some types
      return response;
    } catch (IOException | RuntimeException e) { // the rest of a content is not read
      scope.execRuntime.discardEndpoint();
      throw e;
    }
  }

  /** Takes a place among the requests in flight; without a client, none is needed. */
  private static void takePlace(ClientRequest client, UpstreamRequest ask)
      throws ConnectionRequestTimeoutException {
    if (client != null
        && (ask.content() != null && !client.ticket().take(Share.UPLOADS, 1)
            || !client.ticket().take(Share.FORWARDS, 1))) {
      throw new ConnectionRequestTimeoutException("MAX_FORWARDS");
    }
  }

  private static void limitTime(UpstreamRequest ask, ExecChain.Scope scope) throws IOException {
    if (ask.deadline() == null) {
      return;
    }
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

  private ClassicHttpRequest message(
      ClassicHttpRequest request, UpstreamRequest ask, ExecChain.Scope scope) {
    // GitHub Enterprise Server has it at /api/graphql, beside /api/v3
    String base = ask.path().equals("/graphql") ? basePath.replaceFirst("/v3$", "") : basePath;
    BasicClassicHttpRequest message =
        new BasicClassicHttpRequest(
            ask.method(), request.getScheme(), request.getAuthority(), base + ask.target());
    for (Map.Entry<String, String> field : ask.fields().all()) {
      boolean condition = field.getKey().regionMatches(true, 0, "If-", 0, 3);
      message.addHeader(
          field.getKey(), condition ? urls.unmark(field.getValue()) : field.getValue());
    }
    message.addHeader("Via", "1.1 camel-rest-cache"); // RFC 9110 7.6.3; responses need none
    if (ask.content() != null) {
      message.setEntity(Contents.upload(ask.content(), scope.execRuntime));
    }
    return message;
  }

  private static HttpFields fields(ClassicHttpResponse response) {
    HttpFields fields = new HttpFields();
    for (Header header : response.getHeaders()) {
      fields.add(header.getName(), header.getValue() == null ? "" : header.getValue());
    }
    return fields;
  }

  /** Notes what an answer tells about the service's token; returns whether GitHub refuses it. */
  private boolean noteToken(UpstreamRequest ask, ClassicHttpResponse response) throws IOException {
    int status = response.getCode();
    String token = ask.fields().get("Authorization").replaceFirst("^Bearer ", "");
    String said = status == 401 ? Limit.message(Contents.text(response)) : "";
    boolean isRefusal = TokenStatus.isRefusal(ask, status, said);
    if (isRefusal) {
      tokens.refused(token);
    } else if (status < 400 || status == 404) { // others may be answered before it is looked at
      tokens.accepted(token);
    }
    return isRefusal;
  }

  /** Counts requests; with credentials, a 304 is free ("Best practices for the REST API"). */
  private void meter(UpstreamRequest ask, ClassicHttpResponse response) {
    String resource = Contents.field(response, "x-ratelimit-resource");
    boolean free = response.getCode() == 304 && !ask.isShared();
    String name = resource == null ? "none" : resource;
    Counter.builder("restcache.upstream.requests")
        .description("Requests that GitHub has answered")
        .tag("resource", RESOURCE.matcher(name).matches() ? name : "other")
        .tag("status", Integer.toString(response.getCode()))
        .tag("budget", resource != null && !free ? "spent" : "free")
        .register(meters)
        .increment();
  }
}
