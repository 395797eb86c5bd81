package io.github.camelrestcache.app;

import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.catalog.OpenApi;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Collection;
import java.util.function.Function;
import org.apache.camel.CamelContext;
import org.apache.camel.health.HealthCheck;
import org.apache.camel.health.HealthCheckHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The management port: Camel's health checks and metrics, {@code page.html}, {@code /openapi.json}
 * and the {@link Admin} API.
 */
record Management(CamelContext context, Meters meters, OpenApi openApi, Admin admin) {

  private static final Logger LOG = LoggerFactory.getLogger(Management.class);

  Router router(Vertx vertx) {
    Router router = Router.router(vertx);
    router.route().failureHandler(Management::refuse);
    router.get("/").handler(page());
    router.get("/observe/metrics").handler(this::metrics);
    router.get("/openapi.json").handler(this::openApi);
    router.get("/admin/endpoints").handler(call -> answer(call, 200, admin.endpoints()));
    router.get("/admin/status").handler(call -> answer(call, 200, admin.status()));
    router
        .get("/view/:order/:n/:view")
        .blockingHandler(call -> answer(call, 200, admin.rows(call.request().path())), false);
    // views may be sorted, changes call Redis, and health checks may block
    router
        .post("/admin/refresh")
        .blockingHandler(call -> answer(call, 202, admin.refresh(call)), false);
    router
        .post("/admin/purge")
        .blockingHandler(call -> answer(call, 200, admin.purge(call)), false);
    health(router, "/observe/health", HealthCheckHelper::invoke, false);
    health(router, "/observe/health/live", HealthCheckHelper::invokeLiveness, false);
    health(router, "/observe/health/ready", HealthCheckHelper::invokeReadiness, true);
    return router;
  }

  /** The Content Security Policy (Level 3) allows the page its own script and style only. */
  private static Handler<RoutingContext> page() {
    String html;
    try (InputStream file = Management.class.getResourceAsStream("/page.html")) {
      html = new String(file.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String policy =
        "default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none';"
            + " frame-ancestors 'none'; script-src %s; style-src %s"
                .formatted(source(html, "script"), source(html, "style"));
    return call ->
        call.response()
            .putHeader("Content-Type", "text/html; charset=utf-8")
            .putHeader("Cache-Control", "no-cache")
            .putHeader("Content-Security-Policy", policy)
            .putHeader("X-Content-Type-Options", "nosniff")
            .putHeader("Referrer-Policy", "no-referrer")
            .end(html);
  }

  /** The hash source of the content of this element. */
  private static String source(String html, String tag) {
    String begin = "<" + tag + ">";
    String content =
        html.substring(html.indexOf(begin) + begin.length(), html.indexOf("</" + tag + ">"));
    byte[] hash = Hash.sha256().digest(content.getBytes(StandardCharsets.UTF_8));
    return "'sha256-" + Base64.getEncoder().encodeToString(hash) + "'";
  }

  /** Answers with the overall state and each check that is down. */
  private void health(
      Router router,
      String path,
      Function<CamelContext, Collection<HealthCheck.Result>> checks,
      boolean readiness) {
    router
        .get(path)
        .blockingHandler(
            call -> {
              Collection<HealthCheck.Result> results = checks.apply(context);
              boolean up = HealthCheckHelper.isResultsUp(results, readiness);
              JsonArray down = new JsonArray();
              results.stream()
                  .filter(result -> result.getState() == HealthCheck.State.DOWN)
                  .forEach(result -> down.add(check(result)));
              JsonObject health = new JsonObject().put("status", up ? "UP" : "DOWN");
              if (!down.isEmpty()) {
                health.put("checks", down);
              }
              call.response().setStatusCode(up ? 200 : 503);
              call.json(health);
            },
            false);
  }

  private static JsonObject check(HealthCheck.Result result) {
    JsonObject check =
        new JsonObject().put("name", result.getCheck().getId()).put("status", "DOWN");
    result.getMessage().ifPresent(message -> check.put("message", message));
    return check;
  }

  private void metrics(RoutingContext call) {
    meters.update();
    String text = ((PrometheusMeterRegistry) meters.registry()).scrape();
    call.response().putHeader("Content-Type", "text/plain; version=0.0.4; charset=utf-8").end(text);
  }

  private void openApi(RoutingContext call) {
    HostAndPort asked = call.request().authority();
    call.json(openApi.document(asked == null ? "localhost" : asked.host()));
  }

  private static void answer(RoutingContext call, int status, Object body) {
    call.response()
        .setStatusCode(status)
        .putHeader("Content-Type", "application/json")
        .putHeader("Cache-Control", "no-store")
        .end(body instanceof byte[] json ? Buffer.buffer(json) : Json.encodeToBuffer(body));
  }

  private static void refuse(RoutingContext call) {
    Problem problem = Problem.of(call.failure());
    if (problem == null) {
      LOG.error("An administration request failed", call.failure());
      problem = Problem.internal();
    }
    Problem.Answer answer = problem.answer(call.request().headers().getAll("Accept"));
    HttpServerResponse response = call.response().setStatusCode(problem.status());
    answer.fields().all().forEach(field -> response.putHeader(field.getKey(), field.getValue()));
    response.end(Buffer.buffer(answer.content()));
  }
}
