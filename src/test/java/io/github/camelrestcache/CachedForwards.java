package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.Recorded;
import io.vertx.core.http.HttpServerRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

/**
 * The HTTP cache for forwarded requests, before an upstream whose answers a test sets in turn. A
 * response is stale from the start if its Age is above its max-age.
 */
abstract class CachedForwards extends OneService {
  /** A response of the upstream below /x; with an ETag it honours If-None-Match. */
  record Answer(int status, String body, List<String> fields) {

    static Answer of(int status, String body, String... fields) {
      return new Answer(status, body, List.of(fields));
    }

    static Answer fresh(String body, String... fields) {
      return of(200, body, fields).with("Cache-Control", "max-age=60");
    }

    static Answer stale(String body, String... fields) {
      return fresh(body, fields).with("Age", "100");
    }

    static Answer cut() {
      return of(0, "");
    }

    Answer with(String name, String value) {
      List<String> more = new java.util.ArrayList<>(fields);
      more.add(name);
      more.add(value);
      return new Answer(status, body, more);
    }

    void give(Recorded asked, HttpServerRequest request) {
      if (status == 0) {
        request.connection().close();
        return;
      }
      boolean unchanged = false;
      for (int i = 0; i < fields.size(); i += 2) {
        request.response().headers().add(fields.get(i), fields.get(i + 1));
        unchanged |=
            fields.get(i).equals("ETag") && fields.get(i + 1).equals(asked.header("If-None-Match"));
      }
      if (unchanged) {
        request.response().setStatusCode(304).end();
      } else {
        request.response().setStatusCode(status);
        request.response().end(asked.method().equals("HEAD") ? "" : body);
      }
    }
  }

  static final String TOKEN = "the-services-token";

  AutoCloseable upstream = () -> {};

  /** Starts the service without a token of its own, so that it is a shared cache. */
  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.addToken(TOKEN, "the-service");
    service =
        Service.start(
                github, Map.of("github.answer.timeout", "3s", "forward.cache.max.entry", "100KB"))
            .ready();
  }

  @AfterEach
  void restoreUpstream() throws Exception {
    upstream.close();
  }

  static boolean isOurs(Recorded asked) {
    return asked.path().toLowerCase(Locale.ROOT).matches("/(x|repos/x|repositories/42).*");
  }

  /** Responds to requests below these paths in this order; the last response is repeated. */
  void upstreamAnswers(Answer... inTurn) throws Exception {
    upstream.close();
    AtomicInteger next = new AtomicInteger();
    upstream =
        github.override(
            CachedForwards::isOurs,
            (asked, request) ->
                inTurn[Math.min(next.getAndIncrement(), inTurn.length - 1)].give(asked, request));
    github.clearRequests();
  }

  static List<Recorded> asked() {
    return github.requests().stream().filter(CachedForwards::isOurs).toList();
  }

  static String status(HttpResponse<?> answer) {
    assertThat(answer.headers().allValues("Cache-Status")).hasSize(1);
    return answer.headers().firstValue("Cache-Status").get().replace("camel-rest-cache; ", "");
  }

  static String field(HttpResponse<?> answer, String name) {
    return String.join(" | ", answer.headers().allValues(name));
  }
}
