package io.github.camelrestcache.standin;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import redis.embedded.RedisServer;

/**
 * Writes the class data archive, with which the packaged service starts faster. Runs the service
 * once in its folder, with a Redis and a stand-in for GitHub on loopback, and sends it some
 * requests. The service also starts without an archive, so a failure is printed and does not fail
 * the build.
 */
public final class Archive {

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  /** From JDK 25 on an AOT cache, which also has linked classes and profiles (JEP 483 and 515). */
  private static final String OPTION =
      Runtime.version().feature() < 25 ? "-XX:ArchiveClassesAtExit=" : "-XX:AOTCacheOutput=";

  private static final List<String> TARGETS =
      List.of("/orgs/Netflix", "/orgs/Netflix/repos", "/view/top/5/stars", "/repos/Netflix/zuul");

  private Archive() {}

  /**
   * Writes the archive.
   *
   * @param args the folder in which launcher, jar and lib are
   * @throws IOException if an old archive cannot be removed
   */
  public static void main(String[] args) throws IOException {
    Path folder = Path.of(args[0]).toAbsolutePath();
    Path archive = folder.resolve("camel-rest-cache.jsa");
    // the launcher uses the archive with the JVM whose release file equals this one
    Path jvm = folder.resolve("camel-rest-cache.release");
    Files.deleteIfExists(jvm);
    Files.deleteIfExists(archive);
    Path log = Files.createTempFile("archive", ".log");
    try {
      make(folder, archive, log);
      Files.copy(Path.of(System.getProperty("java.home"), "release"), jvm);
    } catch (Exception e) {
      Files.deleteIfExists(archive);
      System.out.println("No class data archive was written, so starts take longer: " + e);
      System.out.println(Files.readString(log));
    } finally {
      Files.delete(log);
    }
    System.exit(0);
  }

  private static void make(Path folder, Path archive, Path log) throws Exception {
    int redisPort = freePort();
    int port = freePort();
    RedisServer redis =
        RedisServer.newRedisServer().port(redisPort).bind("127.0.0.1").setting("save \"\"").build();
    GitHubStandIn github = GitHubStandIn.builder().build().start();
    redis.start();
    Process service = null;
    try {
      ProcessBuilder builder =
          new ProcessBuilder(folder.resolve("camel-rest-cache").toString(), OPTION + archive)
              .directory(log.getParent().toFile())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile());
      Map<String, String> environment = builder.environment();
      environment.keySet().removeIf(each -> each.matches("(GITHUB|REDIS|REFRESH|JAVA|JDK)_.*"));
      environment.putAll(
          Map.of(
              "JAVA_HOME", System.getProperty("java.home"),
              "HOST", "127.0.0.1",
              "PORT", Integer.toString(port),
              "MANAGEMENT_PORT", Integer.toString(freePort()),
              "REDIS_URL", "redis://127.0.0.1:" + redisPort,
              "GITHUB_API_URL", github.url()));
      service = builder.start();
      String url = "http://127.0.0.1:" + port;
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (!isAnswered(url + "/healthcheck")) {
        if (service.waitFor(50, TimeUnit.MILLISECONDS) || System.nanoTime() > end) {
          throw new IllegalStateException("The service is not ready after 60 s, or has ended");
        }
      }
      for (String target : TARGETS) {
        // the first answer comes from the routes, the second from the fast lane
        isAnswered(url + target);
        isAnswered(url + target);
      }
      service.destroy();
      if (!service.waitFor(60, TimeUnit.SECONDS) || !Files.exists(archive)) {
        throw new IllegalStateException("The JVM has written no archive");
      }
    } finally {
      if (service != null) {
        service.destroyForcibly();
      }
      redis.stop();
    }
  }

  private static boolean isAnswered(String url) throws InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(20)).build();
    try {
      return CLIENT.send(request, BodyHandlers.ofByteArray()).statusCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket probe = new ServerSocket(0)) {
      return probe.getLocalPort();
    }
  }
}
