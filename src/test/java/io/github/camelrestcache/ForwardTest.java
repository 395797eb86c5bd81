package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.Recorded;
import java.io.RandomAccessFile;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that are not for a cached endpoint are forwarded, and responses returned, unchanged. */
@SuppressWarnings("try") // the handles of overrides are only closed
class ForwardTest extends Forwards {
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
    int clients = 10;
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
