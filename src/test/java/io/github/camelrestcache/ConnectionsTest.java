package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** Slow, broken and excess connections. */
@SuppressWarnings("try") // the handles of overrides are only closed
class ConnectionsTest extends Framing {
  @Test
  void incompleteRequestHeadTimesOut() throws IOException {
    try (Service impatient = Service.start(github, java.util.Map.of("request.timeout", "500ms"))) {
      impatient.ready();
      for (String begun :
          List.of("G", "GET /zen HTTP/1.1\r\n", "GET /zen HTTP/1.1\r\nHost: x\r\n")) {
        try (Socket socket = new Socket("127.0.0.1", impatient.port())) {
          socket.setSoTimeout(20_000);
          OutputStream out = socket.getOutputStream();
          out.write((get() + begun).getBytes(StandardCharsets.ISO_8859_1));
          out.flush();
          String all =
              new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
          assertThat(all).startsWith("HTTP/1.1 200 ");
          assertThat(answersIn(all)).isEqualTo(1);
        }
      }
    }
  }

  @Test
  void trickledRequestHeadTimesOut() throws Exception {
    try (Service impatient = Service.start(github, java.util.Map.of("request.timeout", "500ms"))) {
      impatient.ready();
      try (Socket socket = new Socket("127.0.0.1", impatient.port())) {
        OutputStream out = socket.getOutputStream();
        out.write("GET /zen HTTP/1.1\r\nHost: x\r\n".getBytes(StandardCharsets.ISO_8859_1));
        socket.setSoTimeout(100);
        await()
            .atMost(Duration.ofSeconds(20))
            .pollInterval(Duration.ofMillis(100))
            .until(
                () -> {
                  try {
                    out.write('\r');
                    return socket.getInputStream().read() < 0;
                  } catch (SocketTimeoutException e) {
                    return false;
                  } catch (IOException e) {
                    return true;
                  }
                });
      }
    }
  }

  @Test
  void incompleteRequestsBlockNoOtherClient() throws IOException {
    Socket[] slow = new Socket[1000];
    try {
      for (int i = 0; i < slow.length; i++) {
        slow[i] = new Socket("127.0.0.1", service.port());
        slow[i]
            .getOutputStream()
            .write(
                "GET /zen HTTP/1.1\r\nHost: x\r\nX-Slow: ".getBytes(StandardCharsets.ISO_8859_1));
      }
      for (String target : List.of("/zen", "/orgs/Netflix", "/view/top/3/stars", "/healthcheck")) {
        assertThat(service.get(target).statusCode()).as(target).isEqualTo(200);
      }
    } finally {
      for (Socket each : slow) {
        if (each != null) {
          each.close();
        }
      }
    }
  }

  @Test
  void connectionClosedInQueuedRequestIsReleased() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    try (Service small = Service.start(github, java.util.Map.of("max.connections", "3")).ready();
        var handle =
            github.override(
                asked -> asked.path().equals("/x/slow"), (asked, request) -> release.countDown())) {
      for (int i = 0; i < 6; i++) {
        try (Socket socket = new Socket("127.0.0.1", small.port())) {
          String queued = get().replace("/zen", "/x/slow") + post("Content-Length: 10") + "abc";
          socket.getOutputStream().write(queued.getBytes(StandardCharsets.ISO_8859_1));
          release.await();
        }
      }
      await()
          .atMost(SOON)
          .until(
              () ->
                  RawHttp.request(small.port(), "GET /healthcheck HTTP/1.1", "Host: x")
                      .startsWith("HTTP/1.1 200"));
    }
  }

  @Test
  void excessConnectionIsClosedAndOthersContinue() throws IOException {
    try (Service small = Service.start(github, java.util.Map.of("max.connections", "3"))) {
      await()
          .atMost(Duration.ofSeconds(30))
          .until(
              () ->
                  RawHttp.request(small.port(), "GET /healthcheck HTTP/1.1", "Host: x")
                      .startsWith("HTTP/1.1 200"));
      Socket[] kept = new Socket[3];
      try {
        for (int i = 0; i < kept.length; i++) {
          kept[i] = new Socket("127.0.0.1", small.port());
          kept[i].setSoTimeout(20_000);
          kept[i].getOutputStream().write(get().getBytes(StandardCharsets.ISO_8859_1));
          assertThat(kept[i].getInputStream().read()).isEqualTo('H');
        }
        assertThat(RawHttp.request(small.port(), "GET /zen HTTP/1.1", "Host: x"))
            .isIn("", "<reset>");
        InputStream in = kept[0].getInputStream();
        in.skipNBytes(in.available());
        kept[0].getOutputStream().write(get().getBytes(StandardCharsets.ISO_8859_1));
        assertThat(in.read()).isEqualTo('H');
      } finally {
        for (Socket each : kept) {
          each.close();
        }
      }
      await()
          .atMost(Duration.ofSeconds(20))
          .until(
              () ->
                  RawHttp.request(small.port(), "GET /zen HTTP/1.1", "Host: x")
                      .startsWith("HTTP/1.1 200"));
    }
  }

  @Test
  void oversizedBodyIs413() {
    try (Service small = Service.start(github, java.util.Map.of("max.request.body", "100KB"))) {
      small.ready();
      github.clearRequests();
      String declared =
          RawHttp.send(small.port(), post("Content-Length: 102401") + "a".repeat(100));
      assertThat(declared)
          .startsWith("HTTP/1.1 413 ")
          .contains("102400 bytes")
          .doesNotEndWith("<silence>");
      assertThat(github.requests()).isEmpty();

      String chunk = Integer.toHexString(60_000) + "\r\n" + "a".repeat(60_000) + "\r\n";
      String chunked =
          RawHttp.send(
              small.port(),
              post("Transfer-Encoding: chunked", "Connection: close")
                  + chunk
                  + chunk
                  + "0\r\n\r\n");
      assertThat(chunked).startsWith("HTTP/1.1 413 ").contains("102400 bytes");
      assertThat(github.requests()).noneMatch(each -> each.method().equals("POST"));

      String fits =
          RawHttp.send(
              small.port(),
              post("Content-Type: text/plain", "Content-Length: 102400", "Connection: close")
                  + "a".repeat(102_400));
      assertThat(fits).doesNotStartWith("HTTP/1.1 413 ");
      assertThat(github.requests()).anyMatch(each -> each.method().equals("POST"));
    }
  }
}
