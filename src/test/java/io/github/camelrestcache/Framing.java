package io.github.camelrestcache;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.time.Duration;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;

/** Requests that are written to sockets byte by byte. */
@SuppressWarnings("try") // the handles of overrides are only closed
abstract class Framing extends OneService {
  static final Duration SOON = Duration.ofSeconds(20);
  static final String NEXT = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    service = Service.start(github).ready();
  }

  static String post(String... fields) {
    return "POST /markdown HTTP/1.1\r\nHost: x\r\n" + String.join("\r\n", fields) + "\r\n\r\n";
  }

  static String get(String... fields) {
    return "GET /zen HTTP/1.1\r\nHost: x\r\n" + String.join("\r\n", fields) + "\r\n\r\n";
  }

  static long answersIn(String text) {
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

  /** Smuggled requests would have reached GitHub before the ones that are sent here. */
  static boolean nothingWasSmuggled() {
    for (int i = 0; i < 3; i++) {
      service.get("/zen", "Cache-Control", "no-cache");
    }
    return github.requests().stream().allMatch(each -> each.path().equals("/zen"));
  }

  static double forwards() {
    return service.meters().get("restcache.forwards").gauge().value();
  }
}
