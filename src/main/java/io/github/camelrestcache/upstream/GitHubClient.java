package io.github.camelrestcache.upstream;

import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.Settings;
import org.apache.camel.Exchange;
import org.apache.camel.component.http.HttpActivityListener;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
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
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;

/**
 * The HTTP client of camel-http for GitHub. It sends messages exactly ({@link ExactMessages}).
 * Retries, redirects, cookies, credentials and compression are off. camel-http passes the exchange
 * to the client only if it has an activity listener, the sole purpose of the listener here.
 */
public final class GitHubClient extends HttpClientBuilder implements HttpActivityListener {

  /** GitHub's answers have some 30 fields; an endless header would fill the heap. */
  private static final int MAX_FIELDS = 256;

  private static final int LONGEST_FIELD = 64 << 10;

  /** Connections for refreshes, eight at most, and for revalidations in the background. */
  private static final int OF_NO_CALLER = 8 + 8;

  private final Settings settings;

  public GitHubClient(
      Settings settings,
      RateLimits limits,
      Refusals refusals,
      TokenStatus tokens,
      UpstreamUrls urls,
      Meters meters) {
    this.settings = settings;
    setDefaultRequestConfig(
        RequestConfig.custom()
            .setConnectionRequestTimeout(Timeout.of(settings.github().connectTimeout()))
            .setResponseTimeout(Timeout.of(settings.github().answerTimeout()))
            .setProtocolUpgradeEnabled(false)
            .build());
    disableAutomaticRetries();
    disableRedirectHandling();
    disableContentCompression();
    disableCookieManagement();
    disableAuthCaching();
    disableDefaultUserAgent();
    // GitHub closes connections that idle for 60 s
    evictIdleConnections(TimeValue.ofSeconds(30));
    addExecInterceptorFirst(
        "exact-messages",
        new ExactMessages(
            settings.github().url().getRawPath().replaceAll("/+$", ""),
            limits,
            refusals,
            tokens,
            new RewrittenJson(urls, settings.forwarding().maxEntry()),
            urls,
            meters.registry()));
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
                            .setMaxHeaderCount(MAX_FIELDS)
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
