package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What clients see of an upstream that fails. */
@SuppressWarnings("try") // the handles of overrides are only closed
class ForwardFailuresTest extends Forwards {
  @Test
  void upstreamTimeoutIs504() {
    try (var handle = at("/hangs", (r, q) -> {})) {
      HttpResponse<String> answer = service.get("/hangs");
      assertThat(answer.statusCode()).isEqualTo(504);
      assertThat(answer.headers().firstValue("Content-Type"))
          .hasValue("application/json; charset=utf-8");
      assertThat(json(answer).get("message").asText()).contains("did not answer in time");
    }
    assertThat(github.requests()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "POST", "DELETE"})
  void brokenConnectionIs502WithoutRetry(String method) {
    try (var handle = at("/breaks", (r, q) -> q.connection().close())) {
      assertThat(service.send(method, "/breaks").statusCode()).isEqualTo(502);
    }
    assertThat(github.requests()).hasSize(1);
  }

  @Test
  void truncatedResponseIsNotCompleted() {
    try (var handle =
        at(
            "/half",
            (r, q) -> {
              q.response().putHeader("Content-Length", "1000").write("half");
              io.vertx.core.Vertx.currentContext()
                  .owner()
                  .setTimer(50, t -> q.connection().close());
            })) {
      String answer = RawHttp.request(service.port(), "GET /half HTTP/1.1", "Host: x");
      assertThat(answer).contains("Content-Length: 1000");
      assertThat(answer.substring(answer.indexOf("\r\n\r\n") + 4)).startsWith("half");
      assertThat(answer).doesNotContain("<silence>");
    }
  }

  @Test
  void clientDisconnectCancelsUpstreamRequest() {
    try (var handle =
        at(
            "/endless",
            (r, q) -> {
              q.response().setChunked(true);
              io.vertx.core.Vertx.currentContext()
                  .owner()
                  .setPeriodic(
                      5,
                      timer -> {
                        if (q.response().closed()) {
                          io.vertx.core.Vertx.currentContext().owner().cancelTimer(timer);
                        } else {
                          q.response().write("x".repeat(50_000));
                        }
                      });
            })) {
      try (var socket = new java.net.Socket("127.0.0.1", service.port())) {
        socket
            .getOutputStream()
            .write("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        assertThat(socket.getInputStream().read()).isEqualTo('H');
      } catch (IOException e) {
        throw new AssertionError(e);
      }
      await().until(() -> github.inFlight() == 0);
    }
  }

  @Test
  void unsupportedMethodIs501() {
    for (String method : List.of("TRACE", "CONNECT")) {
      String answer = RawHttp.request(service.port(), method + " /x HTTP/1.1", "Host: x");
      assertThat(answer).startsWith("HTTP/1.1 501").contains("\"title\":\"Not implemented\"");
    }
    assertThat(github.requests()).isEmpty();
  }

  @Test
  void unreachableUpstreamIs502() {
    GitHubStandIn gone = GitHubStandIn.builder().build().start();
    try (Service cut = Service.start(gone)) {
      gone.close();
      HttpResponse<String> answer = cut.get("/zen");
      assertThat(answer.statusCode()).isEqualTo(502);
      assertThat(json(answer).get("detail").asText()).contains("cannot be reached");
    }
  }

  @Test
  void invalidUpstreamResponseIs502() throws IOException {
    try (ServerSocket odd = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Thread answers = new Thread(() -> answerOddly(odd));
      answers.start();
      String url = "http://127.0.0.1:" + odd.getLocalPort();
      try (Service service = Service.start(github, Map.of("github.api.url", url))) {
        HttpResponse<String> answer = service.get("/x");
        assertThat(answer.statusCode()).isEqualTo(502);
        assertThat(json(answer).get("detail").asText()).contains("cannot be passed on");
        CorsTest.assertPagesMayRead(answer);
      }
    }
  }

  @Test
  void connectionClosedByGitHubIsNotReused() {
    try (var handle =
        at(
            "/closes",
            (r, q) -> q.response().end("{}").onComplete(written -> q.connection().close()))) {
      for (int i = 0; i < 10; i++) {
        assertThat(service.get("/closes").statusCode()).isEqualTo(200);
        await().until(() -> github.inFlight() == 0);
      }
    }
  }
}
