package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Start and exit as operators see them: processes, environment variables, exit status. */
class StartTest {

  private static final Duration LONG = Duration.ofSeconds(60);

  /** The exit status and output of a process. */
  private record Ended(int status, List<String> lines) {}

  @TempDir private static Path folders;

  private static ServerSocket taken;
  private static ExecutorService twoAtATime;
  private static Map<String, Future<Ended>> ended;

  @BeforeAll
  static void startAll() throws IOException {
    taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    twoAtATime = Executors.newFixedThreadPool(2);
    ended = new HashMap<>();
    Refused.all(taken.getLocalPort())
        .forEach(refused -> ended.put(refused.name(), twoAtATime.submit(() -> run(refused))));
  }

  @AfterAll
  static void stopAll() throws IOException {
    twoAtATime.shutdownNow();
    taken.close();
  }

  static Stream<Refused> badSettings() {
    return Refused.all(taken.getLocalPort()).filter(refused -> !refused.isOfRoutes());
  }

  static Stream<Refused> badRoutes() {
    return Refused.all(taken.getLocalPort()).filter(Refused::isOfRoutes);
  }

  @ParameterizedTest
  @MethodSource("badSettings")
  void invalidSettingEndsWithOneLineAndExitStatus(Refused refused) throws Exception {
    Ended process = ended.get(refused.name()).get(5, TimeUnit.MINUTES);

    assertThat(process.status()).isPositive();
    assertThat(process.lines()).singleElement().asString().contains(refused.expected());
  }

  @ParameterizedTest
  @MethodSource("badRoutes")
  void invalidRouteFileIsReportedWithFileAndLine(Refused refused) throws Exception {
    Ended process = ended.get(refused.name()).get(5, TimeUnit.MINUTES);

    assertThat(process.status()).isPositive();
    assertThat(process.lines())
        .filteredOn(line -> line.matches(".* (ERROR|WARN) .*"))
        .singleElement()
        .asString()
        .contains(refused.expected())
        .matches(".*/\\w+\\.camel\\.yaml:\\d\\d: .*");
    assertThat(process.lines()).noneMatch(line -> line.matches("\\s+at .*|Caused by.*"));
  }

  @Test
  void unusableTempFolderOfEmbeddedRedisIsReported() throws Exception {
    Path folder = Files.createDirectory(folders.resolve("no-temp-folder"));
    Path file = Files.createFile(folder.resolve("file"));

    Ended process = end(folder, Map.of(), "-Djava.io.tmpdir=" + file);

    assertReportsTheEmbeddedRedis(process, "Not a directory", "java.io.tmpdir, now " + file);
  }

  @Test
  void missingLibraryOfEmbeddedRedisIsReported() throws Exception {
    Path folder = Files.createDirectory(folders.resolve("no-library"));
    Files.createFile(folder.resolve("libssl.so.3"));

    Ended process = end(folder, Map.of("LD_LIBRARY_PATH", folder.toString()));

    assertReportsTheEmbeddedRedis(process, "libssl.so.3", "OpenSSL 3");
  }

  private static void assertReportsTheEmbeddedRedis(Ended process, String... expected) {
    assertThat(process.status()).isEqualTo(1);
    // Netty logs its own warning about the temp folder
    assertThat(process.lines())
        .filteredOn(line -> !line.matches(".* WARN  PlatformDependent - .*"))
        .singleElement()
        .asString()
        .contains(expected)
        .contains("REDIS_URL is not set and the embedded Redis cannot start", "set REDIS_URL");
  }

  @Test
  void outputHasNoSecretsAndSigtermStopsServiceAndRedis() throws Exception {
    String token = "secret-token-0a1b2c3d";
    int port = Service.freePort();
    try (GitHubStandIn github = GitHubStandIn.builder().repositories(20).build()) {
      github.start().addToken(token, "robot", "repo");
      Path folder = Files.createDirectory(folders.resolve("good"));
      Process process =
          Instance.launch(
              folder,
              Map.of(
                  "PORT",
                  Integer.toString(port),
                  "GITHUB_API_URL",
                  github.url(),
                  "GITHUB_API_TOKEN",
                  token,
                  "GITHUB_WEBHOOK_SECRET",
                  "a-secret-of-the-webhook",
                  "REFRESH_INTERVAL",
                  "500ms"));
      try {
        await().atMost(LONG).ignoreExceptions().until(() -> status(port, "/healthcheck") == 200);
        assertThat(status(port, "/view/top/5/stars")).isEqualTo(200);
        assertThat(status(port, "/zen")).isEqualTo(200);
        assertThat(status(port, "/view/top/x/stars")).isEqualTo(400);
        assertThat(status(port, "/webhook/github")).isEqualTo(405);
        assertThat(github.requests())
            .anyMatch(asked -> ("Bearer " + token).equals(asked.header("Authorization")));
        github.removeToken(token);
        await().atMost(LONG).until(() -> get(port, "/healthcheck").body().contains("401"));
        github.override(asked -> true, (asked, request) -> request.connection().close());
        await().atMost(LONG).until(() -> get(port, "/healthcheck").body().contains("reached"));
        assertThat(status(port, "/meta")).isEqualTo(502);
        List<ProcessHandle> children = process.descendants().toList();
        assertThat(children).isNotEmpty();

        process.destroy();

        assertThat(process.waitFor(10, TimeUnit.SECONDS)).as("ended after SIGTERM").isTrue();
        await()
            .atMost(Duration.ofSeconds(5))
            .until(() -> children.stream().noneMatch(ProcessHandle::isAlive));
      } finally {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
      assertThat(Instance.output(folder)).isNotEmpty().noneMatch(line -> line.contains("secret"));
      assertThat(Instance.output(folder)).noneMatch(line -> line.matches("\\s+at .*"));
      assertThat(Instance.output(folder))
          .as("the token's scopes are logged once")
          .filteredOn(line -> line.contains("has the scopes 'repo'"))
          .hasSize(1);
    }
  }

  private static Ended run(Refused refused) throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory(folders, "refused");
    if (refused.file() != null) {
      Path file = folder.resolve(refused.file());
      Files.createDirectories(file.getParent());
      if (refused.isOfRoutes()) {
        try (Stream<Path> routes = Files.list(Path.of("routes"))) {
          for (Path route : routes.toList()) {
            Files.copy(route, folder.resolve(route));
          }
        }
        Files.writeString(file, Files.readString(file) + refused.text());
      } else {
        Files.writeString(file, refused.text());
      }
    }
    return end(folder, refused.environment());
  }

  private static Ended end(Path folder, Map<String, String> environment, String... options)
      throws IOException, InterruptedException {
    Process process = Instance.launch(folder, environment, options);
    try {
      boolean over = process.waitFor(LONG.toSeconds(), TimeUnit.SECONDS);
      return new Ended(over ? process.exitValue() : -1, Instance.output(folder));
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private static int status(int port, String target) throws Exception {
    return get(port, target).statusCode();
  }

  private static HttpResponse<String> get(int port, String target) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + port + target);
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }
}
