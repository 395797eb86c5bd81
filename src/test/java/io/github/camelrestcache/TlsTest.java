package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.http.Requests;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.micrometer.core.instrument.Timer;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.apache.commons.lang3.StringUtils;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP/1.1 over TLS on the client port, which keeps what is promised without TLS. */
class TlsTest {

  private static final Duration SOON = Duration.ofSeconds(20);

  @TempDir private static Path folder;
  private static SSLContext trust;
  private static GitHubStandIn github;
  private static Service service;

  @BeforeAll
  static void start() throws IOException {
    Certificates.Pair pair = Certificates.make(folder, "EC");
    trust = Certificates.trusting(pair);
    Path certificate = folder.resolve("certificate.pem");
    Path key = folder.resolve("key.pem");
    pair.writeTo(certificate, key);
    github = GitHubStandIn.builder().repositories(3000).limits(100_000, 100_000).build().start();
    service =
        Service.start(
            github,
            Map.of(
                "tls.certificate.file",
                certificate.toString(),
                "tls.key.file",
                key.toString(),
                "request.timeout",
                "2s",
                "refresh.interval",
                "1h"));
    await()
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptions()
        .until(() -> client().send(to("/healthcheck"), text()).statusCode() == 200);
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
    github = null; // 3,000 repositories that would stay in the memory of the tests
  }

  private static HttpClient client() {
    return HttpClient.newBuilder().sslContext(trust).build(); // prefers HTTP/2
  }

  private static HttpRequest to(String target) {
    return HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + service.port() + target))
        .timeout(SOON)
        .build();
  }

  private static HttpResponse.BodyHandler<String> text() {
    return HttpResponse.BodyHandlers.ofString();
  }

  private static SSLSocket connect() throws IOException {
    SSLSocket socket =
        (SSLSocket) trust.getSocketFactory().createSocket("127.0.0.1", service.port());
    socket.setSoTimeout(20_000);
    return socket;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static String send(String text) {
    return RawHttp.send(trust.getSocketFactory(), service.port(), text);
  }

  private static String get(String target, String... fields) {
    return "GET " + target + " HTTP/1.1\r\nHost: x\r\n" + String.join("\r\n", fields) + "\r\n\r\n";
  }

  @Test
  void linksBeginWithHttps() throws Exception {
    String here = "https://127.0.0.1:" + service.port();
    for (String target :
        List.of("/orgs/Netflix/repos?per_page=5", "/repos/Netflix/zuul/issues?per_page=1")) {
      HttpResponse<String> answer = client().send(to(target), text());
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_1_1);
      assertThat(answer.headers().firstValue("Link").orElse(""))
          .as(target)
          .contains("<" + here + "/");
    }
  }

  @Test
  void managementPortHasNoTls() throws Exception {
    URI page = URI.create(service.managementUrl("/observe/health/live"));
    assertThat(client().send(HttpRequest.newBuilder(page).build(), text()).statusCode())
        .isEqualTo(200);
  }

  @Test
  void malformedRequestsAreRefusedAsWithoutTls() {
    String next = get("/smuggled");
    github.clearRequests();
    for (String bad :
        List.of(
            get("/zen", "Content-Length: 4", "Transfer-Encoding: chunked") + "0\r\n\r\n",
            get("/zen", "Host: y"),
            get("/zen", "X Y: a"),
            "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n")) {
      assertThat(send(bad + next)).startsWith("HTTP/1.1 400 ").doesNotEndWith("<silence>");
    }
    assertThat(send("GET /zen HTTP/1.2\r\nHost: x\r\n\r\n" + next)).startsWith("HTTP/1.1 505 ");
    assertThat(send(get("/" + "a".repeat(65_536)) + next)).startsWith("HTTP/1.0 414 ");
    assertThat(github.requests()).noneMatch(each -> each.path().equals("/smuggled"));
  }

  @Test
  void pipelinedRequestsAreAnsweredInOrder() {
    StringBuilder asked = new StringBuilder();
    for (int i = 0; i < 300; i++) {
      String target = i % 3 == 0 ? "/zen?" + i : i % 3 == 1 ? "/orgs/Netflix" : "/view/top/5/stars";
      asked.append(get(target, "X-Request-Id: n" + i));
    }
    String answers = send(asked + get("/", "X-Request-Id: n300", "Connection: close"));
    assertThat(
            answers
                .lines()
                .filter(line -> line.toLowerCase(Locale.ROOT).startsWith("x-request-id: ")))
        .containsExactlyElementsOf(
            IntStream.rangeClosed(0, 300).mapToObj(i -> "X-Request-Id: n" + i).toList());
  }

  @ParameterizedTest
  @ValueSource(strings = {"G", "GET /zen HTTP/1.1\r\nHost: x\r\n"})
  void incompleteRequestHeadTimesOut(String begun) throws IOException {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(bytes(get("/orgs/Netflix") + begun));
      String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
      assertThat(StringUtils.countMatches(all, "HTTP/1.1 200 ")).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\u0016\u0003\u0001\u0002", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"})
  void connectionWithoutHandshakeIsClosed(String sent) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", service.port())) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write(bytes(sent));
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1))
          .doesNotContain("HTTP/");
    }
  }

  @Test
  void nonReadingClientIsThrottledAndLaterGetsAllResponses() throws Exception {
    int many = 20_000;
    byte[] some = bytes(get("/orgs/Netflix").repeat(100));
    try (SSLSocket socket = connect()) {
      socket.startHandshake();
      long before = answered();
      Thread asks = RawHttp.sendMany(socket, some, many / 100);
      await().atMost(SOON).until(() -> answered() > before);
      long[] last = {0};
      await()
          .atMost(SOON)
          .pollInterval(Duration.ofMillis(300))
          .until(() -> last[0] == (last[0] = answered()));
      assertThat(last[0] - before).isBetween(1L, many / 2L);
      InputStream in = socket.getInputStream();
      StringBuilder rest = new StringBuilder();
      byte[] read = new byte[1 << 14];
      long answers = 0;
      while (answers < many) {
        rest.append(new String(read, 0, in.read(read), StandardCharsets.ISO_8859_1));
        int whole = rest.lastIndexOf("HTTP/1.1 ");
        answers += StringUtils.countMatches(rest.substring(0, whole + 9), "HTTP/1.1 ");
        rest.delete(0, whole + 9);
      }
      asks.join(SOON.toMillis());
      assertThat(answers).isEqualTo(many);
    }
  }

  private static long answered() {
    return service.meters().find(Requests.METER).timers().stream().mapToLong(Timer::count).sum();
  }

  @Test
  void slowlyReadListArrivesWholeBeforeTheConnectionIsClosed() throws Exception {
    HttpResponse.BodyHandler<byte[]> bytes = HttpResponse.BodyHandlers.ofByteArray();
    long length = client().send(to("/orgs/Netflix/repos"), bytes).body().length;
    try (Socket socket = connect()) {
      socket.getOutputStream().write(bytes(get("/orgs/Netflix/repos", "Connection: close")));
      InputStream in = socket.getInputStream();
      byte[] chunk = new byte[(int) length / 20];
      long received = 0;
      for (int n = chunk.length; n == chunk.length; received += n) {
        n = in.readNBytes(chunk, 0, chunk.length);
        // longer altogether than what Netty waits after it has sent close_notify
        long due = System.nanoTime() + 250_000_000L;
        await().pollDelay(Duration.ZERO).until(() -> System.nanoTime() - due >= 0);
      }
      assertThat(received).isGreaterThan(length);
    }
  }
}
