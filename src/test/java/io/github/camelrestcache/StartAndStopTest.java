package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.http.Requests;
import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.Jedis;

/** What callers see while the service starts and stops. */
@SuppressWarnings("try") // the handles of overrides are only closed
class StartAndStopTest {

  private static final Duration SOON = Duration.ofSeconds(20);

  @Test
  void requestDuringStartIs503() {
    int port = Service.freePort();
    AtomicBoolean started = new AtomicBoolean();
    try (GitHubStandIn github = GitHubStandIn.builder().limits(10_000, 10_000).build().start()) {
      CompletableFuture<Set<String>> seen =
          CompletableFuture.supplyAsync(
              () -> {
                Set<String> firsts = new TreeSet<>();
                while (!started.get()) {
                  firsts.add(
                      RawHttp.request(port, "GET /zen HTTP/1.1", "Host: a").split("\r\n")[0]);
                }
                return firsts;
              });
      for (int i = 0; i < 5; i++) {
        Service.start(github, Map.of("port", Integer.toString(port))).close();
      }
      started.set(true);
      assertThat(seen.join())
          .contains("HTTP/1.1 503 Service Unavailable", "<reset>")
          .isSubsetOf("HTTP/1.1 503 Service Unavailable", "HTTP/1.1 200 OK", "<reset>", "");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "false"})
  void stopCompletesResponsesInProgress(String lane) throws Exception {
    try (GitHubStandIn github =
        GitHubStandIn.builder().repositories(1_000).limits(10_000, 10_000).build().start()) {
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
        // without the open response it would have stopped by now
        assertThatThrownBy(() -> stopped.get(3, TimeUnit.SECONDS))
            .isInstanceOf(TimeoutException.class);
        assertThat(in.readAllBytes()).hasSize(length);
        stopped.join();
      } finally {
        service.close();
      }
    }
  }

  @Test
  void readinessIsTrueOnceLoadedAndFalseDuringStop() throws Exception {
    CompletableFuture<Void> first = new CompletableFuture<>();
    CompletableFuture<Void> last = new CompletableFuture<>();
    try (GitHubStandIn github = GitHubStandIn.builder().limits(10_000, 10_000).build().start();
        var cold =
            github.override(
                asked -> asked.path().equals("/orgs/Netflix/members") && !first.isDone(),
                (asked, request) -> first.thenRun(() -> request.response().end("[]")));
        var slow =
            github.override(
                asked -> asked.path().equals("/x/slow"),
                (asked, request) -> last.thenRun(() -> request.response().end("done")))) {
      Service service = Service.start(github, Map.of());
      try {
        assertThat(status(service, "live")).isEqualTo(200);
        assertThat(status(service, "ready")).isEqualTo(503);
        assertThat(service.get("/zen").statusCode())
            .as("it serves while it is not ready")
            .isEqualTo(200);
        first.complete(null);
        await().atMost(SOON).until(() -> status(service, "ready") == 200);

        CompletableFuture<String> answer =
            CompletableFuture.supplyAsync(
                () -> service.get("/x/slow").body(), task -> new Thread(task).start());
        await()
            .atMost(SOON)
            .until(() -> service.meters().get("restcache.forwards").gauge().value() == 1);
        CompletableFuture<Void> stopped = CompletableFuture.runAsync(service::close);
        await().atMost(SOON).until(() -> status(service, "ready") == 503);
        assertThat(status(service, "live")).isEqualTo(200);
        assertThat(answer).isNotDone();
        last.complete(null);
        assertThat(answer.join()).isEqualTo("done");
        stopped.join();
      } finally {
        service.close();
      }
    }
  }

  @Test
  void requestsDuringDrainDelayAreAnswered() throws Exception {
    try (GitHubStandIn github = GitHubStandIn.builder().limits(10_000, 10_000).build().start()) {
      Service service = Service.start(github, Map.of("drain.delay", "3s")).ready();
      try (LogLines log = LogLines.of(Requests.class.getName())) {
        service.get("/orgs/Netflix");
        CompletableFuture<Void> stopped = CompletableFuture.runAsync(service::close);
        await().atMost(SOON).until(() -> status(service, "ready") == 503);
        for (String target : new String[] {"/orgs/Netflix", "/zen", "/healthcheck"}) {
          assertThat(RawHttp.send(service.port(), "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n"))
              .as(target)
              .startsWith("HTTP/1.1 200 ")
              .containsIgnoringCase("\r\nConnection: close\r\n");
        }
        assertThat(stopped).isNotDone();
        stopped.join();
        assertThat(log.lines()).as("the drain is logged once").hasSize(1);
      } finally {
        service.close();
      }
    }
  }

  @Test
  void redisStaysConnectedDuringDrain(@TempDir Path folder) throws Exception {
    int management = Service.freePort();
    CompletableFuture<Void> last = new CompletableFuture<>();
    try (GitHubStandIn github = GitHubStandIn.builder().limits(10_000, 10_000).build().start();
        var slow =
            github.override(
                asked -> asked.path().equals("/x/slow"),
                (asked, request) -> last.thenRun(() -> request.response().end("done")));
        OwnRedis redis = OwnRedis.start();
        Jedis operator = redis.operator();
        Instance instance =
            Instance.start(
                    folder,
                    Map.of(
                        "GITHUB_API_URL", github.url(),
                        "REDIS_URL", redis.url(),
                        "MANAGEMENT_PORT", Integer.toString(management)))
                .ready()) {
      CompletableFuture<String> answer =
          CompletableFuture.supplyAsync(
              () -> instance.get("/x/slow").body(), task -> new Thread(task).start());
      await()
          .atMost(SOON)
          .until(() -> github.requests().stream().anyMatch(a -> a.path().equals("/x/slow")));
      Set<String> before = connections(operator);

      instance.terminate();

      await()
          .atMost(SOON)
          .until(
              () ->
                  RawHttp.request(management, "GET /observe/health/ready HTTP/1.1", "Host: a")
                      .startsWith("HTTP/1.1 503"));
      assertThat(answer).isNotDone();
      assertThat(connections(operator))
          .as("connections from before the drain")
          .isNotEmpty()
          .isSubsetOf(before);
      last.complete(null);
      assertThat(answer.join()).isEqualTo("done");
      await().atMost(SOON).until(() -> !instance.isAlive());
      assertThat(instance.output()).noneMatch(line -> line.matches("\\S+ (WARN|ERROR) .*"));
    }
  }

  @Test
  void stopTakesAtMostItsTimeout() {
    try (GitHubStandIn github = GitHubStandIn.builder().limits(10_000, 10_000).build().start();
        var never =
            github.override(asked -> asked.path().equals("/x/never"), (asked, request) -> {})) {
      Service service =
          Service.start(
                  github,
                  Map.of("camel.main.shutdown-timeout", "4", "github.answer.timeout", "60s"))
              .ready();
      CompletableFuture.runAsync(
          () -> RawHttp.request(service.port(), "GET /x/never HTTP/1.1", "Host: a"),
          task -> new Thread(task).start());
      await()
          .atMost(SOON)
          .until(() -> github.requests().stream().anyMatch(a -> a.path().equals("/x/never")));
      CompletableFuture<Void> stopped = CompletableFuture.runAsync(service::close);
      // one after the other would take 8 s
      await().atMost(Duration.ofSeconds(7)).until(stopped::isDone);
    }
  }

  @Test
  void secondInstanceOnSamePortExitsWithError(@TempDir Path folder) throws Exception {
    Map<String, String> same =
        Map.of(
            "PORT",
            Integer.toString(Service.freePort()),
            "GITHUB_API_URL",
            "http://127.0.0.1:" + Service.freePort());
    Path[] folders = {
      Files.createDirectory(folder.resolve("a")), Files.createDirectory(folder.resolve("b"))
    };
    Process one = Instance.launch(folders[0], same);
    Process other = Instance.launch(folders[1], same);
    try {
      await().atMost(SOON).until(() -> !one.isAlive() || !other.isAlive());
      boolean isFirst = !one.isAlive();
      assertThat((isFirst ? one : other).waitFor()).isEqualTo(1);
      assertThat(Instance.output(folders[isFirst ? 0 : 1]))
          .singleElement()
          .asString()
          .contains(
              "Not started: PORT is '"
                  + same.get("PORT")
                  + "', but the service cannot listen on it");
      assertThat((isFirst ? other : one).isAlive()).isTrue();
    } finally {
      one.destroyForcibly().waitFor();
      other.destroyForcibly().waitFor();
    }
  }

  /** The ids of Redis's connections except the operator's. */
  private static Set<String> connections(Jedis operator) {
    String mine = Long.toString(operator.clientId());
    return operator
        .clientList()
        .lines()
        .map(line -> line.replaceFirst("id=(\\d+) .*", "$1"))
        .filter(id -> !id.equals(mine))
        .collect(Collectors.toSet());
  }

  private static int status(Service service, String check) {
    return service
        .send(request -> request.uri(URI.create(service.managementUrl("/observe/health/" + check))))
        .statusCode();
  }
}
