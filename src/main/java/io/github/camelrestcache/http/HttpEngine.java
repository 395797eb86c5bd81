package io.github.camelrestcache.http;

import io.github.camelrestcache.base.InFlight;
import io.github.camelrestcache.base.Settings;
import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.component.platform.http.spi.PlatformHttpConsumer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpEngine;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;

/** Has Camel's routes entered through a {@link Door} of the server for clients. */
public final class HttpEngine extends VertxPlatformHttpEngine {

  private final Settings settings;
  private final Requests requests;
  private final InFlight inFlight;

  public HttpEngine(Settings settings, Requests requests, InFlight inFlight) {
    this.settings = settings;
    this.requests = requests;
    this.inFlight = inFlight;
  }

  @Override
  public int getServerPort() {
    return settings.clients().port();
  }

  /** The name under which Camel looks for the router of the server for clients. */
  public String router() {
    return VertxPlatformHttpRouter.getRouterNameFromPort(getServerPort());
  }

  @Override
  public PlatformHttpConsumer createConsumer(PlatformHttpEndpoint endpoint, Processor processor) {
    return new Door(endpoint, processor, requests, inFlight, settings.limits().content(), router());
  }
}
