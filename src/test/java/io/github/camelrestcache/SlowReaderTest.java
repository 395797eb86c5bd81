package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients that request large responses and do not read them, against a small heap. */
class SlowReaderTest {

  private static final Duration SOON = Duration.ofSeconds(30);
  private static final int LARGE = 6_000_000;
  private static final int FORWARDS = 4;

  @TempDir private static Path folder;
  private static GitHubStandIn github;
  private static Instance instance;

  private final List<Socket> readers = new ArrayList<>();

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().repositories(1_000).limits(100_000, 100_000).build().start();
    github.override(
        asked -> asked.path().startsWith("/x/large"),
        (asked, request) -> large(request.response().putHeader("Cache-Control", "max-age=600")));
    github.override(
        asked -> asked.path().startsWith("/x/streamed"),
        (asked, request) -> large(request.response().putHeader("Cache-Control", "no-store")));
    github.override(
        asked -> asked.path().startsWith("/x/endless"),
        (asked, request) -> {
          HttpServerResponse response = request.response().setChunked(true);
          response.putHeader("Cache-Control", "max-age=600");
          for (int i = 0; i < 3; i++) {
            response.write("a".repeat(LARGE));
          }
          response.end();
        });
    instance =
        Instance.start(
                folder,
                Map.of(
                    "GITHUB_API_URL", github.url(),
                    "MAX_FORWARDS", Integer.toString(FORWARDS),
                    "REFRESH_INTERVAL", "1h"),
                "-Xmx96m",
                "-XX:+ExitOnOutOfMemoryError")
            .ready();
  }

  @AfterAll
  static void stop() {
    instance.close();
    github.close();
  }

  @AfterEach
  void closeReaders() throws IOException {
    for (Socket reader : readers) {
      reader.close();
    }
  }

  private static void large(HttpServerResponse response) {
    response.end(Buffer.buffer("a".repeat(LARGE)));
  }

  /** Sends a request and does not read the response. */
  private void ask(String target) throws IOException {
    Socket reader = new Socket();
    reader.setReceiveBufferSize(4096);
    reader.connect(new InetSocketAddress("127.0.0.1", instance.port()));
    reader
        .getOutputStream()
        .write(
            ("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
    readers.add(reader);
  }

  private static void awaitOthersServed() {
    await()
        .atMost(SOON)
        .untilAsserted(() -> assertThat(instance.get("/zen").statusCode()).isEqualTo(200));
    await()
        .atMost(SOON)
        .untilAsserted(() -> assertThat(instance.get("/x/large").body()).hasSize(LARGE));
    assertThat(instance.get("/orgs/Netflix").statusCode()).isEqualTo(200);
    assertThat(instance.output()).noneMatch(line -> line.contains("OutOfMemoryError"));
  }

  @Test
  void oneLargeResponseForManyClientsDoesNotFillMemory() throws IOException {
    assertThat(instance.get("/x/large").body()).hasSize(LARGE);
    for (int i = 0; i < 60; i++) {
      ask("/x/large");
    }
    awaitOthersServed();
  }

  @Test
  void manyLargeResponsesDoNotFillMemory() throws IOException {
    for (int i = 0; i < 60; i++) {
      ask("/x/large?" + i);
    }
    awaitOthersServed();
  }

  @Test
  void oversizedChunkedResponsesDoNotFillMemory() throws IOException {
    for (int i = 0; i < FORWARDS; i++) {
      ask("/x/endless?" + i);
    }
    awaitOthersServed();
  }

  @Test
  void manyPagesDoNotFillMemory() throws IOException {
    for (int i = 0; i < 700; i++) {
      ask("/orgs/Netflix/repos?per_page=" + "0".repeat(i) + "100");
    }
    awaitOthersServed();
  }

  @Test
  void slowestReaderIsClosedToFreeItsForwardSlot() throws IOException {
    for (int i = 0; i < FORWARDS; i++) {
      ask("/x/streamed?" + i);
    }
    await().atMost(SOON).until(() -> streamed() == FORWARDS);
    awaitOthersServed();
  }

  private static long streamed() {
    return github.requests().stream().filter(a -> a.path().equals("/x/streamed")).count();
  }
}
