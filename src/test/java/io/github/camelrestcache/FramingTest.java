package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.commons.lang3.StringUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Message framing (RFC 9112 6), against request smuggling: a request that two parsers could frame
 * differently is rejected, and nothing after it is read as a request.
 */
@SuppressWarnings("try") // the handles of overrides are only closed
class FramingTest extends Framing {
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
}
