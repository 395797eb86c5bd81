package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.RedisConnection;
import io.github.camelrestcache.upstream.RateLimits;
import io.github.camelrestcache.upstream.UpstreamUrls;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.URI;
import org.apache.camel.Exchange;
import org.apache.camel.component.http.HttpActivityListener;
import org.apache.hc.client5.http.classic.ExecChainHandler;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.ChainElement;
import org.apache.hc.client5.http.impl.cache.CacheConfig;
import org.apache.hc.client5.http.impl.cache.CachingHttpClientBuilder;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.io.HttpClientConnectionManager;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.HttpRequest;
import org.apache.hc.core5.http.HttpResponse;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.config.NamedElementChain;
import org.apache.hc.core5.http.protocol.HttpCoreContext;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;

/**
 * The HTTP client of camel-http for GitHub: a caching one (RFC 9111) whose entries are in Redis
 * ({@link Entries}). Retries, redirects, cookies, credentials and compression are off.
 *
 * <p>camel-http normalises targets ({@code //}), drops fields ({@code Via}, {@code Warning}) and
 * joins repeated ones into {@code [a, b]}. So the outgoing message comes from the variable {@code
 * ask}, and the fields of the answer go into the variable {@code answered}, both unmodified ({@link
 * ClientSide}, {@link UpstreamSide}). camel-http passes the exchange to the client only if it has
 * an activity listener, the sole purpose of the listener here.
 */
public final class GitHubClient extends CachingHttpClientBuilder implements HttpActivityListener {

  /** GitHub's answers have some 30 fields; an endless header would fill the heap. */
  private static final int MOST_FIELDS = 256;

  private static final int LONGEST_FIELD = 64 << 10;

  private static final int BACKGROUND_REVALIDATIONS = 8;

  /** Connections for refreshes, eight at most, and for revalidations. */
  private static final int OF_NO_CALLER = 8 + BACKGROUND_REVALIDATIONS;

  private final Settings settings;
  private final MeterRegistry meters;
  private final ClientSide clientSide;
  private final UpstreamSide upstreamSide;

  public GitHubClient(
      Settings settings,
      RedisConnection redis,
      Keys keys,
      Scopes scopes,
      Purges purges,
      Flights flights,
      RateLimits limits,
      Meters meters) {
    this.settings = settings;
    this.meters = meters.registry();
    URI upstream = settings.github().url();
    Settings.Forwarding forwarding = settings.forwarding();
    UpstreamUrls urls = new UpstreamUrls(settings);
    Entries entries = new Entries(redis, keys, forwarding, this.meters);
    RequestConfig requestConfig =
        RequestConfig.custom()
            .setConnectionRequestTimeout(Timeout.of(settings.github().connectTimeout()))
            .setResponseTimeout(Timeout.of(settings.github().answerTimeout()))
            .setProtocolUpgradeEnabled(false)
            .build();
    clientSide = new ClientSide(upstream, entries, scopes, purges, flights, limits, urls);
    upstreamSide =
        new UpstreamSide(
            upstream.getRawPath().replaceAll("/+$", ""),
            new Cacheability(upstream, forwarding.heuristic(), forwarding.staleIfError()),
            flights,
            limits,
            entries,
            scopes,
            requestConfig,
            new RewrittenJson(urls, forwarding.maxEntry()));
    setHttpCacheStorage(entries);
    setCacheConfig(
        CacheConfig.custom()
            // Cacheability applies the rules of a shared cache
            .setSharedCache(false)
            .setMaxObjectSize(forwarding.maxEntry())
            .setFreshnessCheckEnabled(false)
            .setAsynchronousWorkers(BACKGROUND_REVALIDATIONS)
            .build());
    setDefaultRequestConfig(requestConfig);
    disableAutomaticRetries();
    disableRedirectHandling();
    disableContentCompression();
    disableCookieManagement();
    disableAuthCaching();
    disableDefaultUserAgent();
    // GitHub closes connections that idle for 60 s
    evictIdleConnections(TimeValue.ofSeconds(30));
    // the library's name in Via becomes this service's (RFC 9110 7.6.3); answers need none
    addRequestInterceptorLast(
        (request, content, exchange) -> {
          request.removeHeader(request.getLastHeader("Via"));
          request.addHeader("Via", "1.1 camel-rest-cache");
        });
    addResponseInterceptorLast(
        (response, content, exchange) -> {
          response.removeHeader(response.getLastHeader("Via"));
          meter(HttpCoreContext.cast(exchange).getRequest(), response);
        });
  }

  /** Counts requests; with credentials, a 304 is free ("Best practices for the REST API"). */
  private void meter(HttpRequest request, HttpResponse response) {
    String resource = KeptFields.value(response, "x-ratelimit-resource");
    boolean free = response.getCode() == 304 && request.containsHeader("Authorization");
    String name = resource == null ? "none" : resource;
    Counter.builder("restcache.upstream.requests")
        .description("Requests that GitHub has answered")
        .tag("resource", name.matches("[a-z_]{1,40}") ? name : "other")
        .tag("status", Integer.toString(response.getCode()))
        .tag("budget", resource != null && !free ? "spent" : "free")
        .register(meters)
        .increment();
  }

  @Override
  protected void customizeExecChain(NamedElementChain<ExecChainHandler> chain) {
    super.customizeExecChain(chain);
    chain.addBefore(ChainElement.CACHING.name(), clientSide, "client-side");
    chain.addAfter(ChainElement.CACHING.name(), upstreamSide, "upstream-side");
  }

  /** Checks each connection before it is reused, because requests are not retried. */
  public HttpClientConnectionManager connections() {
    int most = settings.forwarding().most() + OF_NO_CALLER;
    return PoolingHttpClientConnectionManagerBuilder.create()
        .setConnectionFactory(
            new CleanConnections(
                ManagedHttpClientConnectionFactory.builder()
                    .http1Config(
                        Http1Config.custom()
                            .setMaxHeaderCount(MOST_FIELDS)
                            .setMaxLineLength(LONGEST_FIELD)
                            .build())
                    .build()))
        .setTlsSocketStrategy(
            (socket, host, port, attachment, exchange) ->
                Tls.STRATEGY.upgrade(socket, host, port, attachment, exchange))
        .setMaxConnTotal(most)
        .setMaxConnPerRoute(most)
        .setDefaultConnectionConfig(
            ConnectionConfig.custom()
                .setConnectTimeout(Timeout.of(settings.github().connectTimeout()))
                .setValidateAfterInactivity(TimeValue.ZERO_MILLISECONDS)
                .build())
        .build();
  }

  /** Created for the first connection, because reading all CAs delays the start. */
  private static final class Tls {
    static final TlsSocketStrategy STRATEGY = DefaultClientTlsStrategy.createDefault();
  }

  @Override
  public void onRequestSubmitted(
      Object source, Exchange exchange, HttpHost host, HttpRequest request, HttpEntity entity) {
    // see above
  }

  @Override
  public void onResponseReceived(
      Object source,
      Exchange exchange,
      HttpHost host,
      HttpResponse response,
      HttpEntity entity,
      long elapsed) {
    // see above
  }
}
