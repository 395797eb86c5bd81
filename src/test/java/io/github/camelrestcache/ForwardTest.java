package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.Recorded;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that are not for a cached endpoint are forwarded, and responses returned, unchanged. */
@SuppressWarnings("try") // the handles of overrides are only closed
class ForwardTest {

  private static final String TOKEN = "the-services-token";

  private static GitHubStandIn github;
  private static Service service;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.addToken(TOKEN, "the-service", "repo");
    github.addToken("a-callers-token", "a-caller", "gist");
    service =
        Service.start(github, Map.of("github.api.token", TOKEN, "github.answer.timeout", "3s"))
            .ready();
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  @BeforeEach
  void forget() {
    github.clearRequests();
    Stored.forgetForwarded(service);
  }

  private static GitHubStandIn.Handle at(
      String path, BiConsumer<Recorded, HttpServerRequest> answer) {
    return github.override(request -> request.path().equals(path), answer);
  }

  private static Recorded onlyRequest() {
    assertThat(github.requests()).hasSize(1);
    return github.requests().get(0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
  void forwardKeepsMethodQueryAndBody(String method) {
    try (var handle = at("/echo", (r, q) -> q.response().setStatusCode(222).end("seen"))) {
      HttpResponse<String> answer =
          service.send(
              request ->
                  request
                      .uri(URI.create(service.url("/echo?a=1&a=2&b=%2F%20x&c")))
                      .header("Content-Type", "application/x-www-form-urlencoded")
                      .method(method, HttpRequest.BodyPublishers.ofString("a=1&b=%C3%BC")));
      assertThat(answer.statusCode()).isEqualTo(222);
      assertThat(answer.body()).isEqualTo("seen");
    }
    Recorded seen = onlyRequest();
    assertThat(seen.method()).isEqualTo(method);
    assertThat(seen.target()).isEqualTo("/echo?a=1&a=2&b=%2F%20x&c");
    assertThat(seen.text()).isEqualTo("a=1&b=%C3%BC");
    assertThat(seen.header("Content-Type")).isEqualTo("application/x-www-form-urlencoded");
    assertThat(seen.header("Content-Length")).isEqualTo("12");
  }

  @Test
  void multipartFormIsForwardedByteForByte() {
    String form =
        "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\n\u0000\u0001\r\n"
            + "--x\r\nContent-Disposition: form-data; name=\"g\"\r\n\r\n1\r\n--x--\r\n";
    try (var handle = at("/form", (r, q) -> q.response().end())) {
      service.send(
          request ->
              request
                  .uri(URI.create(service.url("/form")))
                  .header("Content-Type", "multipart/form-data; boundary=x")
                  .POST(HttpRequest.BodyPublishers.ofString(form)));
    }
    assertThat(onlyRequest().text()).isEqualTo(form);
  }

  @Test
  void repeatedHeadersAreKeptAndHopByHopHeadersDropped() {
    try (var handle = at("/fields", (r, q) -> q.response().end())) {
      RawHttp.send(
          service.port(),
          "GET /fields HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nX-A: 2\r\nVia: 1.0 b\r\nWarning: 199 - w\r\n"
              + "Pragma: p\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\nTE: trailers\r\n"
              + "Keep-Alive: 5\r\nProxy-Authorization: Basic x\r\n\r\n");
    }
    Recorded seen = onlyRequest();
    assertThat(seen.headers("X-A")).containsExactly("1", "2");
    assertThat(seen.headers("Via")).containsExactly("1.0 b", "1.1 camel-rest-cache");
    assertThat(seen.header("Warning")).isEqualTo("199 - w");
    assertThat(seen.header("Pragma")).isEqualTo("p");
    assertThat(seen.header("Host")).isEqualTo(URI.create(github.url()).getAuthority());
    for (String name : List.of("X-Mine", "TE", "Keep-Alive", "Proxy-Authorization")) {
      assertThat(seen.header(name)).as(name).isNull();
    }
  }

  @Test
  void missingUserAgentIsReplacedByTheServices() {
    RawHttp.request(service.port(), "GET /zen HTTP/1.1", "Host: x");
    assertThat(onlyRequest().header("User-Agent")).isEqualTo("camel-rest-cache");
    forget();
    RawHttp.request(service.port(), "GET /zen HTTP/1.1", "Host: x", "User-Agent: mine/1");
    assertThat(onlyRequest().headers("User-Agent")).containsExactly("mine/1");
  }

  @Test
  void responseKeepsStatusHeadersAndBody() {
    try (var handle =
        at(
            "/answer",
            (r, q) ->
                q.response()
                    .setStatusCode(418)
                    .putHeader("Set-Cookie", (Iterable<String>) List.of("a=1", "b=2"))
                    .putHeader("X-List", "[1, 2]")
                    .putHeader("Cache-Control", "no-cache, max-age=3")
                    .putHeader("Date", "Tue, 24 Nov 2020 00:00:00 GMT")
                    .putHeader("Warning", "110 - stale")
                    .putHeader("Via", "1.1 up")
                    .putHeader("CamelHttpResponseCode", "500")
                    .putHeader("X-Hop", "1")
                    .putHeader("Connection", "X-Hop")
                    .end("tea"))) {
      HttpResponse<String> answer = service.get("/answer");
      assertThat(answer.statusCode()).isEqualTo(418);
      assertThat(answer.body()).isEqualTo("tea");
      assertThat(answer.headers().allValues("Set-Cookie")).containsExactly("a=1", "b=2");
      assertThat(answer.headers().allValues("X-List")).containsExactly("[1, 2]");
      assertThat(answer.headers().allValues("Cache-Control"))
          .containsExactly("no-cache, max-age=3");
      assertThat(answer.headers().allValues("Date"))
          .containsExactly("Tue, 24 Nov 2020 00:00:00 GMT");
      assertThat(answer.headers().allValues("Warning")).containsExactly("110 - stale");
      assertThat(answer.headers().allValues("Via")).containsExactly("1.1 up");
      assertThat(answer.headers().allValues("Content-Length")).containsExactly("3");
      assertThat(answer.headers().firstValue("X-Hop")).isEmpty();
      assertThat(answer.headers().firstValue("CamelHttpResponseCode")).isEmpty();
      assertThat(answer.headers().firstValue("Cache-Status"))
          .hasValue("camel-rest-cache; fwd=uri-miss; fwd-status=418");
    }
  }

  /** Has GitHub answer with gzip, whatever it is asked for. */
  private static AutoCloseable zipped(byte[] gzip) {
    return at(
        "/zipped",
        (r, q) -> q.response().putHeader("Content-Encoding", "gzip").end(Buffer.buffer(gzip)));
  }

  @Test
  void compressedResponseStaysCompressed() throws Exception {
    byte[] gzip = gzip("{\"a\":1}");
    try (var handle = zipped(gzip)) {
      HttpResponse<byte[]> answer = service.bytes("GET", "/zipped", "Accept-Encoding", "gzip");
      assertThat(answer.headers().firstValue("Content-Encoding")).hasValue("gzip");
      assertThat(answer.body()).isEqualTo(gzip);
    }
    assertThat(onlyRequest().header("Accept-Encoding")).isEqualTo("gzip");
  }

  @Test
  void clientWithoutGzipGetsPlainContent() throws Exception {
    try (var handle = zipped(gzip("{\"a\":1}"))) {
      HttpResponse<String> answer = service.get("/zipped");
      assertThat(answer.headers().firstValue("Content-Encoding")).isEmpty();
      assertThat(answer.headers().firstValue("Vary")).hasValue("Accept-Encoding");
      assertThat(answer.body()).isEqualTo("{\"a\":1}");
    }
  }

  private static byte[] gzip(String text) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return out.toByteArray();
  }

  @Test
  void redirectIsPassedOnAndNotFollowed() {
    HttpResponse<String> answer = service.get("/repos/Netflix/old-name");
    assertThat(answer.statusCode()).isEqualTo(301);
    assertThat(answer.headers().firstValue("Location")).isPresent();
    assertThat(github.requests()).hasSize(1);
  }

  @Test
  void status304And204HaveNoBody() {
    String etag = service.get("/repos/Netflix/zuul").headers().firstValue("ETag").orElseThrow();
    HttpResponse<String> same = service.get("/repos/Netflix/zuul", "If-None-Match", etag);
    assertThat(same.statusCode()).isEqualTo(304);
    assertThat(same.headers().firstValue("ETag")).hasValue(etag);
    assertThat(same.body()).isEmpty();
    assertThat(service.send("OPTIONS", "/repos/Netflix/zuul").statusCode()).isEqualTo(204);
  }

  @Test
  void headHasContentLengthOfGet() {
    String length =
        service.get("/repos/Netflix/zuul").headers().firstValue("Content-Length").orElseThrow();
    HttpResponse<String> head = service.send("HEAD", "/repos/Netflix/zuul");
    assertThat(head.headers().firstValue("Content-Length")).hasValue(length);
    assertThat(head.body()).isEmpty();
  }

  @Test
  void expect100ContinueIsAnswered() {
    try (var handle = at("/waits", (r, q) -> q.response().end("got " + r.bodyLength()))) {
      String answer =
          RawHttp.request(
              service.port(),
              "POST /waits HTTP/1.1",
              "Host: x",
              "Content-Length: 0003",
              "Expect: 100-continue",
              "Connection: close",
              "",
              "abc");
      assertThat(answer).startsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK");
      assertThat(answer).endsWith("got 3");
    }
  }

  @Test
  void chunkedBodyIsForwardedWhole() {
    try (var handle = at("/chunks", (r, q) -> q.response().end(r.text()))) {
      byte[] content = new byte[300_000];
      new Random(1).nextBytes(content);
      service.send(
          request ->
              request
                  .uri(URI.create(service.url("/chunks")))
                  .POST(
                      HttpRequest.BodyPublishers.ofInputStream(
                          () -> new java.io.ByteArrayInputStream(content))));
      assertThat(onlyRequest().body()).isEqualTo(content);
    }
  }

  @Test
  void largeBodiesAreStreamedBothWays(@TempDir Path folder) throws Exception {
    int size = 50 << 20;
    int clients = 8;
    assertThat(Runtime.getRuntime().maxMemory())
        .as("the test proves nothing with a larger heap: see argLine in the pom")
        .isLessThan((long) size * clients);
    Path file = folder.resolve("large");
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(size);
    }
    try (var handle = at("/large", (r, q) -> q.response().sendFile(file.toString()))) {
      HttpClient client = HttpClient.newHttpClient();
      List<CompletableFuture<Long>> received = new ArrayList<>();
      for (int i = 0; i < clients; i++) {
        received.add(
            client
                .sendAsync(
                    HttpRequest.newBuilder(URI.create(service.url("/large")))
                        .PUT(HttpRequest.BodyPublishers.ofFile(file))
                        .build(),
                    HttpResponse.BodyHandlers.ofInputStream())
                .thenApplyAsync(answer -> count(answer.body())));
      }
      for (CompletableFuture<Long> each : received) {
        assertThat(each.get()).isEqualTo(size);
      }
    }
    assertThat(github.requests()).hasSize(clients);
    assertThat(github.requests()).allSatisfy(r -> assertThat(r.bodyLength()).isEqualTo(size));
  }

  private static long count(InputStream content) {
    try (content) {
      return content.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void upstreamTimeoutIs504() {
    try (var handle = at("/hangs", (r, q) -> {})) {
      HttpResponse<String> answer = service.get("/hangs");
      assertThat(answer.statusCode()).isEqualTo(504);
      assertThat(answer.headers().firstValue("Content-Type"))
          .hasValue("application/json; charset=utf-8");
      assertThat(json(answer).get("message").asText()).contains("did not answer in time");
    }
    assertThat(github.requests()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "POST", "DELETE"})
  void brokenConnectionIs502WithoutRetry(String method) {
    try (var handle = at("/breaks", (r, q) -> q.connection().close())) {
      assertThat(service.send(method, "/breaks").statusCode()).isEqualTo(502);
    }
    assertThat(github.requests()).hasSize(1);
  }

  @Test
  void truncatedResponseIsNotCompleted() {
    try (var handle =
        at(
            "/half",
            (r, q) -> {
              q.response().putHeader("Content-Length", "1000").write("half");
              io.vertx.core.Vertx.currentContext()
                  .owner()
                  .setTimer(50, t -> q.connection().close());
            })) {
      String answer = RawHttp.request(service.port(), "GET /half HTTP/1.1", "Host: x");
      assertThat(answer).contains("Content-Length: 1000");
      assertThat(answer.substring(answer.indexOf("\r\n\r\n") + 4)).startsWith("half");
      assertThat(answer).doesNotContain("<silence>");
    }
  }

  @Test
  void clientDisconnectCancelsUpstreamRequest() {
    try (var handle =
        at(
            "/endless",
            (r, q) -> {
              q.response().setChunked(true);
              io.vertx.core.Vertx.currentContext()
                  .owner()
                  .setPeriodic(
                      5,
                      timer -> {
                        if (q.response().closed()) {
                          io.vertx.core.Vertx.currentContext().owner().cancelTimer(timer);
                        } else {
                          q.response().write("x".repeat(50_000));
                        }
                      });
            })) {
      try (var socket = new java.net.Socket("127.0.0.1", service.port())) {
        socket
            .getOutputStream()
            .write("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        assertThat(socket.getInputStream().read()).isEqualTo('H');
      } catch (IOException e) {
        throw new AssertionError(e);
      }
      await().until(() -> github.inFlight() == 0);
    }
  }

  // the service's token

  @Test
  void tokenIsLentToAnonymousReads() {
    service.get("/repos/Netflix/zuul");
    assertThat(onlyRequest().headers("Authorization")).containsExactly("Bearer " + TOKEN);
    forget();
    service.send("HEAD", "/repos/Netflix/zuul");
    assertThat(onlyRequest().headers("Authorization")).containsExactly("Bearer " + TOKEN);
  }

  @Test
  void callerCredentialsReplaceTheToken() {
    assertThat(json(service.get("/user", "Authorization", "token a-callers-token")).get("login"))
        .hasToString("\"a-caller\"");
    assertThat(onlyRequest().headers("Authorization")).containsExactly("token a-callers-token");
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "PATCH", "DELETE"})
  void tokenIsNeverLentToWrites(String method) {
    service.send(method, "/repos/Netflix/zuul/issues");
    assertThat(onlyRequest().header("Authorization")).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/user",
        "/USER/repos",
        "/user?x=/users",
        "/notifications",
        "/issues",
        "/gists/public",
        "/installation/repositories",
        "/./user",
        "//user",
        "/x/../user",
        "/%75ser",
        "/user%2frepos",
        "/x%2F..%2Fuser/",
        "/\\user"
      })
  void tokenIsNeverLentToOwnerPaths(String target) {
    RawHttp.request(service.port(), "GET " + target + " HTTP/1.1", "Host: x");
    Recorded seen = onlyRequest();
    assertThat(seen.target()).isEqualTo(target);
    assertThat(seen.header("Authorization")).isNull();
  }

  @Test
  void emptyAuthorizationCountsAsCallerCredentials() {
    RawHttp.request(
        service.port(), "GET /repos/Netflix/zuul HTTP/1.1", "Host: x", "Authorization:");
    assertThat(onlyRequest().header("Authorization")).isNullOrEmpty();
  }

  @Test
  void connectionHeaderCannotRemoveAuthorization() {
    String answer =
        RawHttp.send(
            service.port(),
            "GET /repos/Netflix/zuul HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mine\r\n"
                + "Connection: close, authorization\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 401");
    assertThat(onlyRequest().headers("Authorization")).containsExactly("Bearer mine");
  }

  @Test
  void tokenIsNotLentWithMethodOverride() {
    service.get("/repos/Netflix/zuul", "X-HTTP-Method-Override", "DELETE");
    assertThat(onlyRequest().header("Authorization")).isNull();
  }

  @Test
  void tokenDetailsAreRemovedFromResponses() {
    HttpResponse<String> lent = service.get("/repos/Netflix/zuul");
    HttpResponse<String> own =
        service.get("/repos/Netflix/zuul", "Authorization", "Bearer a-callers-token");
    for (String name : List.of("X-OAuth-Scopes", "github-authentication-token-expiration")) {
      assertThat(lent.headers().firstValue(name)).as(name).isEmpty();
      assertThat(own.headers().firstValue(name)).as(name).isPresent();
    }
  }

  @Test
  void unsupportedMethodIs501() {
    for (String method : List.of("TRACE", "CONNECT")) {
      String answer = RawHttp.request(service.port(), method + " /x HTTP/1.1", "Host: x");
      assertThat(answer).startsWith("HTTP/1.1 501").contains("\"title\":\"Not implemented\"");
    }
    assertThat(github.requests()).isEmpty();
  }

  @Test
  void unreachableUpstreamIs502() {
    GitHubStandIn gone = GitHubStandIn.builder().build().start();
    try (Service cut = Service.start(gone)) {
      gone.close();
      HttpResponse<String> answer = cut.get("/zen");
      assertThat(answer.statusCode()).isEqualTo(502);
      assertThat(json(answer).get("detail").asText()).contains("cannot be reached");
    }
  }

  @Test
  void invalidUpstreamResponseIs502() throws IOException {
    try (ServerSocket odd = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Thread answers = new Thread(() -> answerOddly(odd));
      answers.start();
      String url = "http://127.0.0.1:" + odd.getLocalPort();
      try (Service service = Service.start(github, Map.of("github.api.url", url))) {
        HttpResponse<String> answer = service.get("/x");
        assertThat(answer.statusCode()).isEqualTo(502);
        assertThat(json(answer).get("detail").asText()).contains("cannot be passed on");
        CorsTest.assertPagesMayRead(answer);
      }
    }
  }

  @Test
  void connectionClosedByGitHubIsNotReused() {
    try (var handle =
        at(
            "/closes",
            (r, q) -> q.response().end("{}").onComplete(written -> q.connection().close()))) {
      for (int i = 0; i < 10; i++) {
        assertThat(service.get("/closes").statusCode()).isEqualTo(200);
        await().until(() -> github.inFlight() == 0);
      }
    }
  }

  private static void answerOddly(ServerSocket odd) {
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

  @Test
  void upstreamBasePathIsKept() {
    try (GitHubStandIn enterprise = GitHubStandIn.builder().build().start();
        var handle =
            enterprise.override(
                r -> r.path().startsWith("/api/v3/"), (r, q) -> q.response().end("{}"));
        Service below =
            Service.start(enterprise, Map.of("github.api.url", enterprise.url() + "/api/v3/"))) {
      assertThat(below.get("/repos/a/b?c").body()).isEqualTo("{}");
      await()
          .untilAsserted(
              () ->
                  assertThat(enterprise.requests())
                      .extracting(Recorded::target)
                      .contains("/api/v3/repos/a/b?c", "/api/v3/orgs/Netflix")
                      .allMatch(target -> target.startsWith("/api/v3/")));
    }
  }
}
