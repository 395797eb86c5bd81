package io.github.camelrestcache.http;

import io.github.camelrestcache.Settings;
import io.github.camelrestcache.lane.FastLane;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
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
@BindToRegistry(
    value = PlatformHttpConstants.PLATFORM_HTTP_ENGINE_NAME,
    initMethod = "bindVertx",
    destroyMethod = "closeVertx")
public class HttpEngine extends VertxPlatformHttpEngine {

  /** The port is open before the doors are, and after; Vert.x would say that nothing is here. */
  private static final Problem NOT_OPEN =
      new Problem(503, "Unavailable", "The service is starting or stopping: try again.")
          .retryAfter(Duration.ofSeconds(1));

  private Vertx vertx;
  private ServerLimits limits;

  /**
   * Gives Camel's HTTP servers their Vert.x, with a worker thread for each request in the routes.
   */
  public void bindVertx() {
    if (vertx == null) {
      int threads = Settings.number(getCamelContext(), "request.threads");
      limits = ServerLimits.of(getCamelContext());
      vertx =
          new GuardedVertx(
              Vertx.vertx(
                  new VertxOptions()
                      .setWorkerPoolSize(threads)
                      .setPreferNativeTransport(true)
                      // else it leaves a directory in /tmp when it is killed
                      .setFileSystemOptions(
                          new FileSystemOptions().setClassPathResolvingEnabled(false))),
              limits,
              this::gate);
      getCamelContext().getRegistry().bind("vertx", Vertx.class, vertx);
    }
  }

  private GuardedVertx.Gate gate(int port) {
    if (port != getServerPort()) {
      return new GuardedVertx.Gate() {};
    }
    FastLane lane = bean(FastLane.class);
    ClientRates rates = bean(ClientRates.class);
    Requests requests = bean(Requests.class);
    Backlog backlog = bean(Backlog.class);
    return new GuardedVertx.Gate() {
      @Override
      public Problem problem(HttpServerRequest request) {
        return getCamelContext().isStarted() ? rates.problem(request) : NOT_OPEN;
      }

      @Override
      public PipelineHandler pipeline(HttpConnection connection) {
        return new LaneHandler(
            connection,
            () -> lane.isOpen() && getCamelContext().isStarted(),
            lane,
            rates,
            requests,
            backlog);
      }

      @Override
      public void refused(HttpServerRequest request, Future<Void> sent) {
        Requests.Begun begun = requests.begin();
        sent.onComplete(
            done -> requests.end(begun, Requests.Answered.of(request), Requests.REFUSED));
      }
    };
  }

  private <T> T bean(Class<T> type) {
    return getCamelContext().getRegistry().findSingleByType(type);
  }

  public void closeVertx() {
    if (vertx != null) {
      getCamelContext().getRegistry().unbind("vertx");
      vertx.close();
      vertx = null;
    }
  }

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
        bean(Requests.class),
        limits,
        bean(Backlog.class),
        VertxPlatformHttpRouter.getRouterNameFromPort(getServerPort()));
  }
}
