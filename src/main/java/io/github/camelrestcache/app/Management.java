package io.github.camelrestcache.app;

import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.catalog.OpenApi;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.Json;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.camel.CamelContext;
import org.apache.camel.health.HealthCheck;
import org.apache.camel.health.HealthCheckHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The management port: Camel's health checks and metrics, the {@link Page}, {@code /openapi.json}
 * and the {@link Admin} API.
 */
record Management(CamelContext context, Meters meters, OpenApi openApi, Admin admin) {

  private static final Logger LOG = LoggerFactory.getLogger(Management.class);

  Router router(Vertx vertx) {
    Router router = Router.router(vertx);
    try {
      router.get("/").handler(new Page(context));
    } catch (IOException e) {
      LOG.warn("The page of the management port is not available: {}", e.getMessage());
    }
    // health checks may block
    router
        .get("/observe/health")
        .blockingHandler(call -> health(call, HealthCheckHelper.invoke(context), false), false);
    router
        .get("/observe/health/live")
        .blockingHandler(
            call -> health(call, HealthCheckHelper.invokeLiveness(context), false), false);
    router
        .get("/observe/health/ready")
        .blockingHandler(
            call -> health(call, HealthCheckHelper.invokeReadiness(context), true), false);
    router.get("/observe/metrics").handler(this::metrics);
    router.get("/openapi.json").handler(call -> call.json(openApi.document()));
    router.get("/admin/endpoints").handler(answering(200, call -> admin.endpoints()));
    router.get("/admin/status").handler(answering(200, call -> admin.status()));
    router
        .get("/view/:order/:n/:view")
        .handler(answering(200, call -> admin.rows(call.request().path())));
    // these call Redis
    router.post("/admin/refresh").blockingHandler(answering(202, admin::refresh), false);
    router.post("/admin/purge").blockingHandler(answering(200, admin::purge), false);
    return router;
  }

  /** Answers with the overall state and each check that is down. */
  private static void health(
      RoutingContext call, Collection<HealthCheck.Result> results, boolean readiness) {
    boolean up = HealthCheckHelper.isResultsUp(results, readiness);
    List<Map<String, Object>> down =
        results.stream()
            .filter(result -> result.getState() == HealthCheck.State.DOWN)
            .map(Management::check)
            .toList();
    Map<String, Object> health = new LinkedHashMap<>();
    health.put("status", up ? "UP" : "DOWN");
    if (!down.isEmpty()) {
      health.put("checks", down);
    }
    call.response()
        .setStatusCode(up ? 200 : 503)
        .putHeader("Content-Type", "application/json")
        .end(Json.encodeToBuffer(health));
  }

  private static Map<String, Object> check(HealthCheck.Result result) {
    Map<String, Object> check = new LinkedHashMap<>();
    check.put("name", result.getCheck().getId());
    check.put("status", result.getState().name());
    result.getMessage().ifPresent(message -> check.put("message", message));
    return check;
  }

  private void metrics(RoutingContext call) {
    meters.update();
    String text = ((PrometheusMeterRegistry) meters.registry()).scrape();
    call.response().putHeader("Content-Type", "text/plain; version=0.0.4; charset=utf-8").end(text);
  }

  private static Handler<RoutingContext> answering(
      int status, Function<RoutingContext, Object> answer) {
    return call -> {
      try {
        Object body = answer.apply(call);
        call.response()
            .setStatusCode(status)
            .putHeader("Content-Type", "application/json")
            .putHeader("Cache-Control", "no-store")
            .end(body instanceof byte[] json ? Buffer.buffer(json) : Json.encodeToBuffer(body));
      } catch (RuntimeException e) {
        refuse(call, Problem.of(e), e);
      }
    };
  }

  private static void refuse(RoutingContext call, Problem known, RuntimeException failure) {
    Problem problem = known;
    if (problem == null) {
      LOG.error("An administration request failed", failure);
      problem = new Problem(500, "Internal error", "This is a fault of the cache: report it.");
    }
    // the management port allows no cross-origin requests
    HttpFields fields = problem.answer().remove("Access-Control-Allow-Origin");
    call.response().setStatusCode(problem.status());
    fields.all().forEach(field -> call.response().putHeader(field.getKey(), field.getValue()));
    call.response().end(Buffer.buffer(problem.body()));
  }
}
