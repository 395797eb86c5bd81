package io.github.camelrestcache.upstream;

import io.github.camelrestcache.Settings;
import io.github.camelrestcache.http.HttpFields;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.Map;
import org.apache.camel.BindToRegistry;
import org.apache.camel.CamelContext;
import org.apache.camel.CamelContextAware;
import org.apache.camel.Exchange;
import org.apache.camel.component.http.HttpActivityListener;
import org.apache.hc.client5.http.classic.ExecChain;
import org.apache.hc.client5.http.classic.ExecRuntime;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.io.HttpClientConnectionManager;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.HttpRequest;
import org.apache.hc.core5.http.HttpResponse;
import org.apache.hc.core5.http.io.entity.HttpEntityWrapper;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;

/**
 * The HTTP client that camel-http talks to GitHub with. It adds and takes nothing of its own: no
 * retries, redirects, cookies, credentials, compression.
 *
 * <p>camel-http normalises targets ({@code //}), drops fields ({@code Via}, {@code Warning}) and
 * joins repeated ones into {@code [a, b]}. So the message that goes out is taken, whole, from the
 * variable {@code ask}, and the fields of the answer are put, whole, into the variable {@code
 * answered}. camel-http names the exchange to the client only when it has an activity listener,
 * which is all that the listener here is for.
 */
@BindToRegistry(value = "githubClient", initMethod = "start")
public class GitHubClient extends HttpClientBuilder
    implements CamelContextAware, HttpActivityListener {

  private CamelContext context;
  private String basePath;

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
    if (basePath != null) {
      return;
    }
    basePath =
        URI.create(Settings.get(context, "github.api.url")).getRawPath().replaceAll("/+$", "");
    setDefaultRequestConfig(
        RequestConfig.custom()
            .setConnectionRequestTimeout(timeout("github.connect.timeout"))
            .setResponseTimeout(timeout("github.answer.timeout"))
            .setProtocolUpgradeEnabled(false)
            .build());
    context.getRegistry().bind("githubConnections", connections());
    disableAutomaticRetries();
    disableRedirectHandling();
    disableContentCompression();
    disableCookieManagement();
    disableAuthCaching();
    disableDefaultUserAgent();
    // GitHub closes connections that idle for 60 s
    evictIdleConnections(TimeValue.ofSeconds(30));
    addExecInterceptorFirst("exact-message", this::exchange);
  }

  /** Each connection is looked at before it is used again, for nothing here is tried twice. */
  private HttpClientConnectionManager connections() {
    int most = Settings.number(context, "github.connections");
    return PoolingHttpClientConnectionManagerBuilder.create()
        .setMaxConnTotal(most)
        .setMaxConnPerRoute(most)
        .setDefaultConnectionConfig(
            ConnectionConfig.custom()
                .setConnectTimeout(timeout("github.connect.timeout"))
                .setValidateAfterInactivity(TimeValue.ZERO_MILLISECONDS)
                .build())
        .build();
  }

  private Timeout timeout(String key) {
    return Timeout.of(Settings.time(context, key));
  }

  private ClassicHttpResponse exchange(
      ClassicHttpRequest request, ExecChain.Scope scope, ExecChain chain)
      throws IOException, HttpException {
    Exchange exchange = (Exchange) scope.clientContext.getAttribute(Exchange.class.getName());
    UpstreamRequest ask = exchange.getVariable("ask", UpstreamRequest.class);
    request.setPath(basePath + ask.target());
    request.setHeaders();
    for (Map.Entry<String, String> field : ask.fields().all()) {
      request.addHeader(field.getKey(), field.getValue());
    }
    request.setEntity(ask.content());
    ClassicHttpResponse response = chain.proceed(request, scope);
    HttpFields answered = new HttpFields();
    for (Header header : response.getHeaders()) {
      answered.add(header.getName(), header.getValue() == null ? "" : header.getValue());
    }
    exchange.setVariable("answered", answered);
    if (response.getEntity() != null) {
      response.setEntity(new AbandonableEntity(response.getEntity(), scope.execRuntime));
    }
    return response;
  }

  /**
   * Content whose connection is given up when it is closed early, where HttpClient reads it out.
   */
  private static final class AbandonableEntity extends HttpEntityWrapper {

    private final ExecRuntime connection;
    private InputStream content;

    AbandonableEntity(HttpEntity entity, ExecRuntime connection) {
      super(entity);
      this.connection = connection;
    }

    @Override
    public InputStream getContent() throws IOException {
      if (content == null) {
        content =
            new FilterInputStream(super.getContent()) {
              private boolean ended;

              @Override
              public int read() throws IOException {
                int read = in.read();
                ended |= read < 0;
                return read;
              }

              @Override
              public int read(byte[] target, int offset, int length) throws IOException {
                int read = in.read(target, offset, length);
                ended |= read < 0;
                return read;
              }

              @Override
              public void close() throws IOException {
                if (!ended) {
                  ended = true;
                  connection.discardEndpoint();
                }
                in.close();
              }
            };
      }
      return content;
    }
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
