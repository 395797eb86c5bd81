package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.commons.lang3.StringUtils;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Message framing (RFC 9112 6), against request smuggling: a request that two parsers could frame
 * differently is rejected, and nothing after it is read as a request.
 */
@SuppressWarnings("try") // the handles of overrides are only closed
class FramingTest {

  private static final Duration SOON = Duration.ofSeconds(20);

  private static final String NEXT = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

  private static GitHubStandIn github;
  private static Service service;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    service = Service.start(github).ready();
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  @BeforeEach
  void forget() {
    github.clearRequests();
  }

  private static String post(String... fields) {
    return "POST /markdown HTTP/1.1\r\nHost: x\r\n" + String.join("\r\n", fields) + "\r\n\r\n";
  }

  private static String get(String... fields) {
    return "GET /zen HTTP/1.1\r\nHost: x\r\n" + String.join("\r\n", fields) + "\r\n\r\n";
  }

  private static long answersIn(String text) {
    return Pattern.compile("HTTP/1\\.[01] \\d{3} ").matcher(text).results().count();
  }

  static Stream<String> unclear() {
    String chunked = "Transfer-Encoding: chunked";
    return Stream.of(
        // conflicting or invalid lengths
        post("Content-Length: 4", chunked) + "0\r\n\r\n",
        post(chunked, "Content-Length: 4") + "0\r\n\r\n",
        post("Content-Length: 35", chunked) + "0\r\n\r\n",
        post("Content-Length: 4", "Content-Length: 4") + "abcd",
        post("Content-Length: 4", "Content-Length: 40") + "abcd",
        post("Content-Length: 4, 4") + "abcd",
        post("Content-Length: +4") + "abcd",
        post("Content-Length: -4"),
        post("Content-Length: 0x4") + "abcd",
        post("Content-Length: 4 4") + "abcd",
        post("Content-Length:"),
        post("Content-Length: 99999999999999999999"),
        // unknown, repeated or disguised transfer codings
        post("Transfer-Encoding: xchunked") + "0\r\n\r\n",
        post("Transfer-Encoding: gzip, chunked") + "0\r\n\r\n",
        post("Transfer-Encoding: chunked, identity") + "0\r\n\r\n",
        post("Transfer-Encoding: identity"),
        post("Transfer-Encoding: \"chunked\"") + "0\r\n\r\n",
        post("Transfer-Encoding: x", chunked) + "0\r\n\r\n",
        post(chunked, chunked) + "0\r\n\r\n",
        post("Transfer-Encoding : chunked") + "0\r\n\r\n",
        post("Transfer-Encoding:\u000bchunked") + "0\r\n\r\n",
        post("Transfer-Encoding: xchunked", "Content-Length: 4") + "abcd",
        "POST /markdown HTTP/1.0\r\nHost: x\r\n" + chunked + "\r\n\r\n0\r\n\r\n",
        // malformed lines
        get(" X-First: folded"),
        get("X-Space : a"),
        get("No colon"),
        get(": no name"),
        get("X-Nul: a\u0000b"),
        get("X-Cr: a\rb"),
        "GET /zen HTTP/1.1\nHost: x\n\n",
        "GET /zen HTTP/1.1\r\nHost: x\r\nX: a\nY: b\r\n\r\n",
        "GET /zen HTTP/1.1 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /zen\r\nHost: x\r\n\r\n",
        get("Host: y"));
  }

  @ParameterizedTest
  @MethodSource("unclear")
  void ambiguousRequestIs400AndClosesConnection(String request) {
    for (String behind : List.of(NEXT, NEXT + NEXT)) {
      String answer = RawHttp.send(service.port(), request + behind);
      assertThat(answer).matches("(?s)HTTP/1.[01] 400 .*").doesNotEndWith("<silence>");
      assertThat(answersIn(answer)).isEqualTo(1);
      assertThat(answer.toLowerCase(java.util.Locale.ROOT)).contains("connection: close");
    }
    assertThat(nothingWasSmuggled()).isTrue();
  }

  /** Smuggled requests would have reached GitHub before the ones that are sent here. */
  private static boolean nothingWasSmuggled() {
    for (int i = 0; i < 3; i++) {
      service.get("/zen", "Cache-Control", "no-cache");
    }
    return github.requests().stream().allMatch(each -> each.path().equals("/zen"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
        "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET zen HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /zen HTTP/1.1\r\n\r\n",
        "GET /zen HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n",
        "GET /zen HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET /zen HTTP/1.0\r\n\r\n",
        "GET /orgs/Netflix HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET /orgs/Netflix HTTP/1.0\r\n\r\n"
      })
  void nothingIsReadAfterTheLastRequest(String last) {
    for (int i = 0; i < 20; i++) {
      assertThat(answersIn(RawHttp.send(service.port(), last + NEXT + NEXT + NEXT))).isEqualTo(1);
    }
    assertThat(nothingWasSmuggled()).isTrue();
  }

  @Test
  void ambiguousRequestAfterValidOneIs400() throws IOException {
    for (String bad :
        List.of(post("Content-Length: 4", "Transfer-Encoding: chunked"), get(" X: a"))) {
      String all = get("X-First: 1") + bad + NEXT;
      try (Socket socket = new Socket("127.0.0.1", service.port())) {
        socket.setSoTimeout(10_000);
        OutputStream out = socket.getOutputStream();
        for (byte each : all.getBytes(StandardCharsets.ISO_8859_1)) {
          out.write(each);
          out.flush();
        }
        String answers =
            new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        assertThat(answers).startsWith("HTTP/1.1 200 ").contains("HTTP/1.1 400 ");
        assertThat(answersIn(answers)).isEqualTo(2);
      }
    }
    assertThat(github.requests()).noneMatch(each -> each.path().equals("/smuggled"));
  }

  @Test
  void invalidChunkIs400AndClosesConnection() {
    for (String chunk :
        List.of("x\r\n", "-1\r\n\r\n", "4\r\nabcdef\r\n", "4;a=\"\n\"\r\nabcd\r\n")) {
      String answer =
          RawHttp.send(
              service.port(), post("Transfer-Encoding: chunked") + chunk + "0\r\n\r\n" + NEXT);
      assertThat(answer).as(chunk).startsWith("HTTP/1.1 400 ").doesNotEndWith("<silence>");
      assertThat(answersIn(answer)).isEqualTo(1);
    }
    assertThat(github.requests()).noneMatch(each -> each.path().equals("/smuggled"));
  }

  @Test
  void truncatedUploadIsNotForwarded() throws Exception {
    for (String length : List.of("Transfer-Encoding: chunked", "Content-Length: 100000")) {
      String part = length.startsWith("T") ? "8\r\nabcdefgh\r\n" : "abcdefgh";
      try (Socket socket = new Socket("127.0.0.1", service.port())) {
        socket
            .getOutputStream()
            .write(
                ("POST /markdown HTTP/1.1\r\nHost: x\r\n" + length + "\r\n\r\n" + part)
                    .getBytes(StandardCharsets.ISO_8859_1));
        await().atMost(SOON).until(() -> forwards() == 1);
      }
      await().atMost(SOON).until(() -> forwards() == 0);
    }
    assertThat(github.requests()).noneMatch(each -> each.path().equals("/markdown"));
  }

  private static double forwards() {
    return service.meters().get("restcache.forwards").gauge().value();
  }

  @Test
  void validRequestsShareConnection() {
    String text = "{\"text\":\"a\\n b\",\n \"mode\":\"markdown\"}";
    String answer =
        RawHttp.send(
            service.port(),
            post("Content-Type: application/json", "Transfer-Encoding: Chunked")
                + Integer.toHexString(text.length())
                + "\r\n"
                + text
                + "\r\n0\r\n\r\n"
                + post("Content-Type: application/json", "Content-Length: " + text.length())
                + text
                + "\r\n"
                + get("Connection: close"));
    assertThat(StringUtils.countMatches(answer, "HTTP/1.1 200 ")).as(answer).isEqualTo(3);
  }

  @Test
  void managementPortRejectsAmbiguousRequest() {
    int port = java.net.URI.create(service.managementUrl("/")).getPort();
    String answer =
        RawHttp.send(
            port, post("Content-Length: 4", "Transfer-Encoding: chunked") + "0\r\n\r\n" + NEXT);
    assertThat(answer).startsWith("HTTP/1.1 400 ");
    assertThat(answersIn(answer)).isEqualTo(1);
  }

  // limits

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
  void responseWithoutLengthClosesHttp10Connection() throws Exception {
    try (var handle =
        github.override(
            asked -> asked.path().equals("/x/chunked"),
            (asked, request) ->
                request
                    .response()
                    .setChunked(true)
                    .putHeader("Cache-Control", "no-store")
                    .end("all of it"))) {
      String asked = "GET /x/chunked HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n";
      assertThat(RawHttp.send(service.port(), asked + asked))
          .startsWith("HTTP/1.0 200 ")
          .containsIgnoringCase("\r\nConnection: close\r\n")
          .doesNotContainIgnoringCase("keep-alive")
          .endsWith("\r\n\r\nall of it");
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

  @ParameterizedTest
  @ValueSource(strings = {"FOO/9.9", "HTTP/2.0", "HTTP/1.2", "HTTP/0.9"})
  void unsupportedHttpVersionIs505(String version) {
    String asked = "GET /orgs/Netflix " + version + "\r\nHost: x\r\n\r\n";
    assertThat(RawHttp.send(service.port(), asked + NEXT))
        .startsWith("HTTP/1.1 505 ")
        .contains("HTTP version not supported")
        .satisfies(answer -> assertThat(answersIn(answer)).isEqualTo(1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"X-Folded: a\r\n b", "X-Folded: a\r\n\tb"})
  void foldedHeaderIsAccepted(String field) {
    assertThat(RawHttp.send(service.port(), get(field, "Connection: close")))
        .startsWith("HTTP/1.1 200 ");
  }

  @Test
  void foldedTransferEncodingIs400() {
    String folded = post("Transfer-Encoding:", " chunked", "Connection: close");
    assertThat(RawHttp.send(service.port(), folded + "2\r\n{}\r\n0\r\n\r\n"))
        .startsWith("HTTP/1.1 400 ")
        .satisfies(answer -> assertThat(answersIn(answer)).isEqualTo(1));
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
