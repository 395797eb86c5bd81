package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What has begun when the service is told to stop is ended before it does. */
class StopTest {

  @ParameterizedTest
  @ValueSource(strings = {"true", "false"})
  void whoIsBeingAnsweredGetsTheWholeAnswer(String lane) throws Exception {
    try (GitHubStandIn github =
        GitHubStandIn.builder().repositories(2_000).limits(10_000, 10_000).build().start()) {
      Service service = Service.start(github, Map.of("fast.lane", lane)).ready();
      int length =
          service.get("/orgs/Netflix/repos").body().getBytes(StandardCharsets.UTF_8).length;
      try (Socket socket = new Socket()) {
        socket.setReceiveBufferSize(4096);
        socket.connect(new InetSocketAddress("127.0.0.1", service.port()));
        socket.setSoTimeout(20_000);
        socket
            .getOutputStream()
            .write(
                "GET /orgs/Netflix/repos HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
        InputStream in = socket.getInputStream();
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
          head.append((char) in.read());
        }
        CompletableFuture<Void> stopped = CompletableFuture.runAsync(service::close);
        // it would have stopped by now
        assertThatThrownBy(() -> stopped.get(3, TimeUnit.SECONDS))
            .isInstanceOf(TimeoutException.class);
        assertThat(in.readAllBytes()).hasSize(length);
        stopped.join();
      } finally {
        service.close();
      }
    }
  }
}
