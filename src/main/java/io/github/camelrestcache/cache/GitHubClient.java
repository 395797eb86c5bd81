package io.github.camelrestcache.cache;

import io.github.camelrestcache.Meters;
import io.github.camelrestcache.Settings;
import io.github.camelrestcache.http.Backlog;
import io.github.camelrestcache.upstream.RateLimits;
import io.github.camelrestcache.upstream.UpstreamUrls;
import java.net.URI;
import java.time.Duration;
import org.apache.camel.BindToRegistry;
import org.apache.camel.CamelContext;
import org.apache.camel.CamelContextAware;
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
import org.apache.hc.core5.http.Header;
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
 * The HTTP client that camel-http talks to GitHub with: a caching one (RFC 9111) whose entries are
 * in Redis ({@link Entries}). It adds and takes nothing of its own: no retries, redirects, cookies,
 * credentials, compression.
 *
 * <p>camel-http normalises targets ({@code //}), drops fields ({@code Via}, {@code Warning}) and
 * joins repeated ones into {@code [a, b]}. So the message that goes out is taken, whole, from the
 * variable {@code ask}, and the fields of the answer are put, whole, into the variable {@code
 * answered} ({@link ClientSide}, {@link UpstreamSide}). camel-http names the exchange to the client
 * only when it has an activity listener, which is all that the listener here is for.
 */
@BindToRegistry(value = "githubClient", initMethod = "start")
public class GitHubClient extends CachingHttpClientBuilder
    implements CamelContextAware, HttpActivityListener {

  /** GitHub's answers have some 30 fields; what has no end would fill the heap. */
  private static final int MOST_FIELDS = 256;

  private static final int LONGEST_FIELD = 64 << 10;

  private static final int BACKGROUND_REVALIDATIONS = 8;

  /** Connections for refreshes, of which all instances have eight, and for revalidations. */
  private static final int OF_NO_CALLER = 8 + BACKGROUND_REVALIDATIONS;

  private CamelContext context;
  private RequestConfig requestConfig;
  private Meters meters;

  @Override
  public CamelContext getCamelContext() {
    return context;
  }

  @Override
  public void setCamelContext(CamelContext context) {
    this.context = context;
  }

  /** Configures the client from the settings. */
  public void start() {
    if (requestConfig != null) {
      return;
    }
    requestConfig =
        RequestConfig.custom()
            .setConnectionRequestTimeout(timeout("github.connect.timeout"))
            .setResponseTimeout(timeout("github.answer.timeout"))
            .setProtocolUpgradeEnabled(false)
            .build();
    setDefaultRequestConfig(requestConfig);
    renameInVia();
    context.getRegistry().bind("githubConnections", connections());
    disableAutomaticRetries();
    disableRedirectHandling();
    disableContentCompression();
    disableCookieManagement();
    disableAuthCaching();
    disableDefaultUserAgent();
    // GitHub closes connections that idle for 60 s
    evictIdleConnections(TimeValue.ofSeconds(30));
  }

  /** The library's name in Via becomes this service's (RFC 9110 7.6.3); answers need none. */
  private void renameInVia() {
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

  /** A 304 costs nothing of the limit of whom GitHub knows ("Best practices for the REST API"). */
  private void meter(HttpRequest request, HttpResponse response) {
    Header resource = response.getFirstHeader("x-ratelimit-resource");
    boolean free = response.getCode() == 304 && request.containsHeader("Authorization");
    meters.upstream(
        resource == null ? "none" : resource.getValue(),
        response.getCode(),
        resource != null && !free);
  }

  /** Puts the cache together, when a client is built: then all beans are there. */
  @Override
  protected void customizeExecChain(NamedElementChain<ExecChainHandler> chain) {
    URI upstream = URI.create(Settings.get(context, "github.api.url"));
    Duration staleIfError = Settings.time(context, "stale.if.error");
    boolean heuristic = Boolean.parseBoolean(Settings.get(context, "forward.cache.heuristic"));
    long most = Settings.bytes(context, "forward.cache.max.entry");
    int mostBytes = (int) Math.min(Integer.MAX_VALUE, most);
    Flights flights = context.getRegistry().findSingleByType(Flights.class);
    RateLimits limits = context.getRegistry().findSingleByType(RateLimits.class);
    meters = context.getRegistry().findSingleByType(Meters.class);
    Backlog backlog = context.getRegistry().findSingleByType(Backlog.class);
    LargeContents large = new LargeContents(Runtime.getRuntime().maxMemory(), backlog);
    Entries entries = new Entries(context, large, staleIfError);
    Generations generations = new Generations(context, entries::failed);
    Cacheability cacheability = new Cacheability(upstream, heuristic, staleIfError);
    UpstreamUrls urls = new UpstreamUrls(context);
    RewrittenJson json = new RewrittenJson(urls, mostBytes);
    setHttpCacheStorage(entries);
    setCacheConfig(
        CacheConfig.custom()
            // of a shared cache Cacheability has made a private one
            .setSharedCache(false)
            .setMaxObjectSize(mostBytes)
            .setFreshnessCheckEnabled(false)
            .setAsynchronousWorkers(BACKGROUND_REVALIDATIONS)
            .build());
    super.customizeExecChain(chain);
    chain.addBefore(
        ChainElement.CACHING.name(),
        new ClientSide(upstream, entries, large, generations, flights, limits, urls),
        "client-side");
    chain.addAfter(
        ChainElement.CACHING.name(),
        new UpstreamSide(
            upstream,
            cacheability,
            flights,
            new Slots(Settings.number(context, "max.forwards"), meters, backlog),
            limits,
            entries,
            large,
            mostBytes,
            requestConfig,
            urls,
            json),
        "upstream-side");
  }

  /** Each connection is looked at before it is used again, for nothing here is tried twice. */
  private HttpClientConnectionManager connections() {
    int most = Settings.number(context, "max.forwards") + OF_NO_CALLER;
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
                .setConnectTimeout(timeout("github.connect.timeout"))
                .setValidateAfterInactivity(TimeValue.ZERO_MILLISECONDS)
                .build())
        .build();
  }

  /** Made for the first connection: to read all CAs takes a part of the start. */
  private static final class Tls {
    static final TlsSocketStrategy STRATEGY = DefaultClientTlsStrategy.createDefault();
  }

  private Timeout timeout(String key) {
    return Timeout.of(Settings.time(context, key));
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
