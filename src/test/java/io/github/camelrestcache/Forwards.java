package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.Recorded;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeAll;

/** A service with a token of its own, whose requests are forwarded. */
@SuppressWarnings("try") // the handles of overrides are only closed
abstract class Forwards extends OneService {
  static final String TOKEN = "the-services-token";

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.addToken(TOKEN, "the-service", "repo");
    github.addToken("a-callers-token", "a-caller", "gist");
    service =
        Service.start(github, Map.of("github.api.token", TOKEN, "github.answer.timeout", "3s"))
            .ready();
  }

  static GitHubStandIn.Handle at(String path, BiConsumer<Recorded, HttpServerRequest> answer) {
    return github.override(request -> request.path().equals(path), answer);
  }

  static Recorded onlyRequest() {
    assertThat(github.requests()).hasSize(1);
    return github.requests().get(0);
  }

  /** Has GitHub answer with gzip, whatever it is asked for. */
  static AutoCloseable zipped(byte[] gzip) {
    return at(
        "/zipped",
        (r, q) -> q.response().putHeader("Content-Encoding", "gzip").end(Buffer.buffer(gzip)));
  }

  static byte[] gzip(String text) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return out.toByteArray();
  }

  static long count(InputStream content) {
    try (content) {
      return content.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  static void answerOddly(ServerSocket odd) {
    while (!odd.isClosed()) {
      try (Socket socket = odd.accept()) {
        socket.getInputStream().read(new byte[8192]);
        socket
            .getOutputStream()
            .write(
                "HTTP/1.1 200 OK\r\nX Y: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
                    .getBytes(StandardCharsets.US_ASCII));
      } catch (IOException e) {
        return; // closed
      }
    }
  }
}
