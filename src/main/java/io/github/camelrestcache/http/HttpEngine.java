package io.github.camelrestcache.http;

import io.github.camelrestcache.base.InFlight;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.serve.RedisLane;
import java.util.concurrent.Executor;
import org.apache.camel.CamelContext;
import org.apache.camel.Processor;
import org.apache.camel.Service;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.component.platform.http.spi.PlatformHttpConsumer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpEngine;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import org.apache.camel.main.HttpManagementServerConfigurationProperties;
import org.apache.camel.main.HttpServerConfigurationProperties;
import org.apache.camel.main.MainHttpServerFactory;

/**
 * Lets requests enter Camel's routes through a {@link Door}. As a {@code MainHttpServerFactory}, it
 * keeps Camel JBang from opening a server of its own on port 8080.
 */
public final class HttpEngine extends VertxPlatformHttpEngine implements MainHttpServerFactory {

  private final Settings settings;
  private final Requests requests;
  private final RedisLane lane;
  private final InFlight inFlight;
  private final Executor workers;

  /**
   * @param workers runs the routes
   */
  public HttpEngine(
      Settings settings, Requests requests, RedisLane lane, InFlight inFlight, Executor workers) {
    this.settings = settings;
    this.requests = requests;
    this.lane = lane;
    this.inFlight = inFlight;
    this.workers = workers;
  }

  @Override
  public int getServerPort() {
    return settings.clients().port();
  }

  /** The name under which Camel looks up the router of the client port. */
  public String router() {
    return VertxPlatformHttpRouter.getRouterNameFromPort(getServerPort());
  }

  @Override
  public PlatformHttpConsumer createConsumer(PlatformHttpEndpoint endpoint, Processor processor) {
    long mostContent = settings.limits().content();
    return new Door(endpoint, processor, requests, lane, inFlight, workers, mostContent, router());
  }

  @Override
  public Service newHttpServer(
      CamelContext context, HttpServerConfigurationProperties configuration) {
    return this;
  }

  @Override
  public Service newHttpManagementServer(
      CamelContext context, HttpManagementServerConfigurationProperties configuration) {
    return this;
  }
}
