package io.github.camelrestcache.http;

import io.github.camelrestcache.Settings;
import org.apache.camel.BindToRegistry;
import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.PlatformHttpConstants;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.component.platform.http.spi.PlatformHttpConsumer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpEngine;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;

/**
 * Camel's HTTP engine on Vert.x, with this service's way in and out ({@link HttpDoor}), and with
 * the port for clients told apart from the one for management, which Camel 4.17 mixes up.
 */
@BindToRegistry(PlatformHttpConstants.PLATFORM_HTTP_ENGINE_NAME)
public class HttpEngine extends VertxPlatformHttpEngine {

  @Override
  public int getServerPort() {
    return Settings.number(getCamelContext(), "port");
  }

  @Override
  public PlatformHttpConsumer createConsumer(PlatformHttpEndpoint endpoint, Processor processor) {
    return new HttpDoor(
        endpoint,
        processor,
        getHandlers(),
        VertxPlatformHttpRouter.getRouterNameFromPort(getServerPort()));
  }
}
