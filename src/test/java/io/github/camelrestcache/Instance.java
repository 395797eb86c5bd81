package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.app.App;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The application in its own process, which can be paused and killed. */
final class Instance implements AutoCloseable {

  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private final Process process;
  private final Path folder;
  private final int port;

  private Instance(Process process, Path folder, int port) {
    this.process = process;
    this.folder = folder;
    this.port = port;
  }

  /**
   * Starts an instance.
   *
   * @param folder its working folder
   * @param environment its environment variables
   * @param options the JVM options
   */
  static Instance start(Path folder, Map<String, String> environment, String... options) {
    int port = Service.freePort();
    Map<String, String> all = new HashMap<>(environment);
    all.put("PORT", Integer.toString(port));
    try {
      return new Instance(launch(folder, all, options), folder, port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts a process whose output goes to the file {@code output} in its folder. */
  static Process launch(Path folder, Map<String, String> environment, String... options)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    command.addAll(List.of(options));
    // with the coverage agent of this JVM
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> argument.startsWith("-javaagent:"))
        .forEach(command::add);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), App.class.getName()));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("output").toFile());
    Map<String, String> all = builder.environment();
    all.keySet().removeIf(name -> name.matches("(GITHUB|REDIS|REFRESH|CAMEL|JAVA_TOOL).*"));
    all.put("HOST", "127.0.0.1");
    all.put("PORT", Integer.toString(Service.freePort()));
    all.put("MANAGEMENT_PORT", Integer.toString(Service.freePort()));
    all.put("GITHUB_API_URL", "http://127.0.0.1:" + Service.freePort());
    all.putAll(environment);
    Leaks.watch(all);
    return builder.start();
  }

  /** Waits until the healthcheck is 200. */
  Instance ready() {
    await()
        .atMost(Duration.ofSeconds(90))
        .ignoreExceptions()
        .until(() -> get("/healthcheck").statusCode() == 200);
    return this;
  }

  int port() {
    return port;
  }

  HttpResponse<String> get(String target) {
    URI uri = URI.create("http://127.0.0.1:" + port + target);
    HttpRequest request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(20)).build();
    try {
      return CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  List<String> output() {
    return output(folder);
  }

  /** The output of a process so far, without the library warnings of newer JVMs. */
  static List<String> output(Path folder) {
    try {
      return Files.readAllLines(folder.resolve("output")).stream()
          .filter(line -> !line.isEmpty() && !line.startsWith("WARNING: "))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Pauses the process (SIGSTOP). */
  void pause() {
    signal(process.pid(), "STOP");
  }

  /** Asks the process to stop (SIGTERM). */
  void terminate() {
    signal(process.pid(), "TERM");
  }

  /** Resumes the process (SIGCONT). */
  void resume() {
    signal(process.pid(), "CONT");
  }

  /** Sends a signal to a process. */
  static void signal(long pid, String name) {
    try {
      Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(pid)).start();
      assertThat(kill.waitFor()).isZero();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Kills the process (SIGKILL). */
  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    await().until(() -> !process.isAlive());
    output().forEach(line -> Leaks.look("a line of the log", line));
    Leaks.check();
  }
}
