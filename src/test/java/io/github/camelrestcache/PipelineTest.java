package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.http.Requests;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.micrometer.core.instrument.Timer;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.commons.lang3.StringUtils;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Pipelining (RFC 9112 9.3): responses on one connection are complete and in request order, whether
 * they come from the fast lane or the routes, and a client that sends more than it reads affects no
 * other client.
 */
@SuppressWarnings("try") // the handles of overrides are only closed
class PipelineTest {

  private static final Duration SOON = Duration.ofSeconds(20);
  private static final int MANY = 30_000;

  private static final String HEAD = "HTTP/1.1 ";

  /** Makes a list larger than the socket buffers of both sides. */
  private static final int REPOSITORIES = 6000;

  private static final Pattern NAMED =
      Pattern.compile(
          "HTTP/1\\.1 (\\d{3}) (?:(?!\r\n\r\n).)*?x-request-id: n(\\d+)\r\n",
          Pattern.DOTALL | Pattern.CASE_INSENSITIVE);

  private static GitHubStandIn github;
  private static Service service;

  @BeforeAll
  static void start() {
    github =
        GitHubStandIn.builder()
            .repositories(REPOSITORIES)
            .limits(1_000_000, 1_000_000)
            .build()
            .start();
    service =
        Service.start(
                github,
                Map.of("refresh.interval", "1h", "idle.timeout", "5s", "request.timeout", "500ms"))
            .ready();
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static Socket connect() throws IOException {
    return connect(service);
  }

  private static Socket connect(Service service) throws IOException {
    Socket socket = new Socket();
    socket.setReceiveBufferSize(64 * 1024);
    socket.setSoTimeout(20_000);
    socket.connect(new InetSocketAddress("127.0.0.1", service.port()));
    return socket;
  }

  private static String request(String method, String target, int number, String... lines) {
    List<String> all = new ArrayList<>();
    all.add(method + " " + target + " HTTP/1.1");
    all.add("Host: x");
    all.add("X-Request-Id: n" + number);
    all.addAll(List.of(lines));
    return String.join("\r\n", all) + "\r\n\r\n";
  }

  private static String anyRequest(Random random, int number) {
    return switch (random.nextInt(9)) {
      case 0 -> request("GET", "/orgs/Netflix", number);
      case 1 -> request("HEAD", "/orgs/Netflix", number);
      case 2 -> request("GET", "/orgs/Netflix", number, "If-None-Match: *");
      case 3 -> request("GET", "/orgs/Netflix/repos?per_page=40", number);
      case 4 -> request("GET", "/view/top/5/stars", number);
      case 5 -> request("GET", "/view/top/5/nothing", number);
      case 6 -> request("GET", "/zen", number);
      case 7 -> request("GET", "/repos/Netflix/zuul", number);
      default -> request("POST", "/markdown", number, "Content-Length: 12") + "{\"text\":\"a\"}";
    };
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void pipelinedResponsesKeepRequestOrder(long seed) throws IOException {
    Random random = new Random(seed);
    StringBuilder asked = new StringBuilder();
    int count = 80;
    for (int i = 1; i < count; i++) {
      asked.append(anyRequest(random, i));
    }
    asked.append(request("GET", "/orgs/Netflix", count, "Connection: close"));
    String answers;
    try (Socket socket = connect()) {
      OutputStream out = socket.getOutputStream();
      for (int sent = 0; sent < asked.length(); ) {
        int end = Math.min(asked.length(), sent + 1 + random.nextInt(2000));
        out.write(bytes(asked.substring(sent, end)));
        out.flush();
        sent = end;
      }
      answers = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }
    List<MatchResult> heads = NAMED.matcher(answers).results().toList();
    assertThat(heads)
        .extracting(head -> Integer.valueOf(head.group(2)))
        .containsExactlyElementsOf(IntStream.rangeClosed(1, count).boxed().toList());
    assertThat(heads).extracting(head -> head.group(1)).contains("200", "304", "404");
  }

  @Test
  void requestOnQuietConnectionHasWholeIdleTimeout() throws IOException {
    CompletableFuture<Runnable> answer = new CompletableFuture<>();
    try (Socket socket = connect();
        var handle =
            github.override(
                asked -> asked.path().equals("/x/late"),
                (asked, request) -> answer.complete(() -> request.response().end("late")))) {
      InputStream in = socket.getInputStream();
      socket.getOutputStream().write(bytes(request("HEAD", "/orgs/Netflix", 1)));
      assertThat(in.read()).isPositive();
      in.readNBytes(in.available());
      socket.setSoTimeout(3_000);
      assertThatThrownBy(in::read).isInstanceOf(SocketTimeoutException.class);

      socket.getOutputStream().write(bytes(request("GET", "/x/late", 2)));

      assertThatThrownBy(in::read)
          .as("it is not closed 5 s after the first answer")
          .isInstanceOf(SocketTimeoutException.class);
      answer.join().run();
      assertThat(in.read()).isPositive();
    }
  }

  @Test
  void requestsBehindSlowResponseWaitAndAreAnswered() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    int count = 1000;
    try (var handle =
            github.override(
                asked -> asked.path().equals("/x/slow"),
                (asked, request) -> new Thread(() -> answerLater(request, release)).start());
        Socket socket = connect()) {
      StringBuilder asked = new StringBuilder();
      for (int i = 1; i < count; i++) {
        asked.append(request("GET", i == 1 ? "/x/slow" : i % 2 == 0 ? "/zen" : "/", i));
      }
      asked.append(request("GET", "/orgs/Netflix", count, "Connection: close, TE", "TE: trailers"));
      github.clearRequests();
      socket.getOutputStream().write(bytes(asked.toString()));
      await().atMost(SOON).until(() -> github.inFlight() > 0);
      assertThat(github.requests()).noneMatch(each -> each.path().equals("/zen"));
      release.countDown();
      String answers =
          new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
      assertThat(NAMED.matcher(answers).results().map(head -> Integer.valueOf(head.group(2))))
          .containsExactlyElementsOf(IntStream.rangeClosed(1, count).boxed().toList());
    }
  }

  private static void answerLater(HttpServerRequest request, CountDownLatch release) {
    try {
      release.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    request.response().end("{}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/orgs/Netflix", "/healthcheck", "/x/forwarded"})
  void nonReadingClientIsThrottledAndLaterGetsAllResponses(String target) throws Exception {
    flood(service, target, target.equals("/orgs/Netflix") ? MANY : MANY / 10);
  }

  @Test
  void rateLimitResponsesRespectBackpressure() throws Exception {
    try (Service limited = Service.start(github, Map.of("rate.limit", "1/s"))) {
      flood(limited, "/zen", MANY);
    }
  }

  private static void flood(Service service, String target, int many) throws Exception {
    try (var handle =
            github.override(
                asked -> asked.path().equals("/x/forwarded"),
                (asked, request) ->
                    request
                        .response()
                        .putHeader("Cache-Control", "max-age=60")
                        .end("x".repeat(50_000)));
        Socket socket = connect(service)) {
      service.get("/orgs/Netflix");
      long before = answered(service);
      byte[] some = bytes(request("GET", target, 1).repeat(100));
      Thread asks = RawHttp.sendMany(socket, some, many / 100);
      await().atMost(SOON).until(() -> answered(service) > before && isQuiet(service));
      if (!target.equals("/healthcheck")) {
        // the kernel buffers a few megabytes
        assertThat(answered(service) - before).isBetween(1L, many / 2L);
      }
      await().atMost(SOON).until(() -> socket.getInputStream().available() > 0);
      long answers = 0;
      byte[] read = new byte[1 << 16];
      String rest = "";
      while (answers < many) {
        int n = socket.getInputStream().read(read);
        String text = rest + new String(read, 0, n, StandardCharsets.ISO_8859_1);
        answers += StringUtils.countMatches(text, HEAD);
        int kept = Math.max(0, text.length() - HEAD.length() + 1);
        rest = text.substring(Math.max(kept, text.lastIndexOf(HEAD) + HEAD.length()));
      }
      asks.join(SOON.toMillis());
      assertThat(answers).isEqualTo(many);
    }
  }

  /** Whether no response was sent for 200 ms. */
  private static boolean isQuiet(Service service) {
    long before = answered(service);
    AtomicInteger looks = new AtomicInteger();
    await().pollInterval(Duration.ofMillis(50)).until(() -> looks.incrementAndGet() > 4);
    return answered(service) == before;
  }

  private static long answered(Service service) {
    return service.meters().find(Requests.METER).timers().stream().mapToLong(Timer::count).sum();
  }

  @Test
  void downloadMayExceedIdleTimeout() throws Exception {
    int length = service.bytes("GET", "/orgs/Netflix/repos").body().length;
    String request = request("GET", "/orgs/Netflix/repos", 1, "Connection: close");
    for (String answeredBy : List.of("routes", "lane")) {
      if (answeredBy.equals("routes")) {
        service
            .context()
            .getRegistry()
            .findSingleByType(io.github.camelrestcache.serve.FastLane.class)
            .clear();
      }
      long received = 0;
      try (Socket socket = connect()) {
        socket.getOutputStream().write(bytes(request));
        long start = System.nanoTime();
        byte[] chunk = new byte[length / 40];
        int n = chunk.length;
        while (n == chunk.length) {
          n = socket.getInputStream().readNBytes(chunk, 0, chunk.length);
          received += n;
          long due = start + received / chunk.length * 150_000_000L;
          await().pollDelay(Duration.ZERO).until(() -> System.nanoTime() - due >= 0);
        }
      }
      assertThat(received).as(answeredBy).isGreaterThan(length);
    }
  }
}
