package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Slow responses from GitHub and slow uploads do not block other requests. */
class BusyTest {

  private static final Duration SOON = Duration.ofSeconds(20);
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private static GitHubStandIn github;
  private static Service service;

  private Held held;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.addToken("service-token", "robot");
    service =
        Service.start(
                github,
                Map.of(
                    "max.forwards", "4",
                    "refresh.interval", "500ms",
                    "github.answer.timeout", "60s",
                    "github.api.token", "service-token"))
            .ready();
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  @BeforeEach
  void hold() {
    held = Held.below(github, "/x");
  }

  @AfterEach
  void releaseHeld() {
    held.close();
    await().atMost(SOON).until(() -> service.get("/zen").statusCode() == 200);
  }

  private static CompletableFuture<HttpResponse<String>> ask(String target) {
    HttpRequest request = HttpRequest.newBuilder(URI.create(service.url(target))).build();
    return CLIENT.sendAsync(request, HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void excessForwardIs503AndOtherRequestsContinue() {
    for (int i = 0; i < 4; i++) {
      ask("/x/" + i);
    }
    held.awaitSize(4);

    HttpResponse<String> refused = service.get("/x/5");
    assertThat(refused.statusCode()).isEqualTo(503);
    assertThat(refused.headers().firstValue("Retry-After")).contains("1");
    assertThat(json(refused).get("detail").asText()).contains("MAX_FORWARDS");

    assertThat(service.get("/view/top/5/stars").statusCode()).isEqualTo(200);
    String name = github.repositoryNames().get(0);
    github.updateRepository(name, each -> each.put("description", "While all is busy"));
    await("refreshes go on")
        .atMost(SOON)
        .until(() -> service.get("/orgs/Netflix/repos").body().contains("While all is busy"));
    assertThat(held.size()).isEqualTo(4);
  }

  @Test
  void coalescedRequestsTakeNoForwardSlot() {
    for (int i = 0; i < 30; i++) {
      ask("/x/same");
    }
    held.awaitSize(1);
    await().atMost(SOON).until(() -> service.context().getInflightRepository().size() >= 30);

    ask("/x/1");
    ask("/x/2");
    ask("/x/3");
    held.awaitSize(4);
  }

  @Test
  void slowUploadBlocksNoRead() throws IOException {
    try (Socket slow = new Socket("127.0.0.1", service.port())) {
      String head = "POST /x/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nslow";
      slow.getOutputStream().write(head.getBytes(StandardCharsets.ISO_8859_1));
      await("the upload takes the only slot").atMost(SOON).until(BusyTest::isRefused);

      assertThat(service.get("/zen").statusCode()).isEqualTo(200);
    }
  }

  /** Whether another request with a body gets 503. */
  private static boolean isRefused() {
    HttpRequest.BodyPublisher content = HttpRequest.BodyPublishers.ofString("{}");
    return service
            .send(request -> request.uri(URI.create(service.url("/markdown"))).POST(content))
            .statusCode()
        == 503;
  }
}
