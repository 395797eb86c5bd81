package io.github.camelrestcache.admin;

import io.github.camelrestcache.ContextBean;
import io.github.camelrestcache.Settings;
import io.github.camelrestcache.catalog.OpenApi;
import io.github.camelrestcache.http.Problem;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.Json;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.util.function.Function;
import org.apache.camel.BindToRegistry;
import org.apache.camel.CamelContext;
import org.apache.camel.ExtendedStartupListener;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is on the management port beside Camel's health and metrics: the {@link Page} and what it
 * shows, {@code /openapi.json}, and the changes that {@link Admin} makes.
 */
@BindToRegistry(value = "management", initMethod = "start")
public class Management extends ContextBean implements ExtendedStartupListener {

  private static final Logger LOG = LoggerFactory.getLogger(Management.class);

  private boolean mounted;

  /** Waits for the management server to be started. */
  public void start() throws Exception {
    context.addStartupListener(this);
  }

  @Override
  public void onCamelContextStarted(CamelContext started, boolean alreadyStarted) {
    // the management server starts later
  }

  @Override
  public void onCamelContextFullyStarted(CamelContext started, boolean alreadyStarted) {
    int port = Settings.number(context, "management.port");
    VertxPlatformHttpRouter router =
        VertxPlatformHttpRouter.lookup(
            context, VertxPlatformHttpRouter.getRouterNameFromPort(port));
    if (router == null || mounted) {
      return;
    }
    mounted = true;
    OpenApi openApi = bean(OpenApi.class);
    Admin admin = bean(Admin.class);
    try {
      router.get("/").handler(new Page(context));
    } catch (IOException e) {
      LOG.warn("There is no page at / on the management port: {}", e.getMessage());
    }
    router.get("/openapi.json").handler(request -> request.json(openApi.document()));
    router.get("/admin/endpoints").handler(answering(200, request -> admin.endpoints()));
    router.get("/admin/status").handler(answering(200, request -> admin.status()));
    router
        .get("/view/:order/:n/:view")
        .handler(answering(200, request -> admin.rows(request.request().path())));
    // it talks to Redis
    router.post("/admin/refresh").blockingHandler(answering(202, admin::refresh), false);
    router.post("/admin/purge").blockingHandler(answering(200, admin::purge), false);
  }

  private static Handler<RoutingContext> answering(
      int status, Function<RoutingContext, Object> answer) {
    return request -> {
      try {
        Object body = answer.apply(request);
        request
            .response()
            .setStatusCode(status)
            .putHeader("Content-Type", "application/json")
            .putHeader("Cache-Control", "no-store")
            .end(body instanceof byte[] json ? Buffer.buffer(json) : Json.encodeToBuffer(body));
      } catch (RuntimeException e) {
        refuse(request, Problem.of(e), e);
      }
    };
  }

  private static void refuse(RoutingContext request, Problem known, RuntimeException failure) {
    Problem problem = known;
    if (problem == null) {
      LOG.error("An administration request failed", failure);
      problem = new Problem(500, "Internal error", "This is a fault of the cache: report it.");
    }
    problem.begin(request.response());
    // other sites have no business here
    request.response().headers().remove("Access-Control-Allow-Origin");
    request.response().end(Buffer.buffer(problem.body()));
  }
}
