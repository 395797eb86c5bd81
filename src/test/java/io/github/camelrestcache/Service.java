package io.github.camelrestcache;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.camelrestcache.app.App;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.apache.camel.CamelContext;
import org.apache.camel.main.Main;
import org.apache.camel.main.SimpleMainShutdownStrategy;
import org.apache.camel.support.service.ServiceHelper;

/**
 * The whole application in this process, with its own routes, on free ports: real HTTP, a real
 * Redis (embedded unless {@code redis.url} is set), and the stand-in as GitHub.
 */
public final class Service implements AutoCloseable {

  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Set<Integer> USED_PORTS = ConcurrentHashMap.newKeySet();

  /** Null after {@link #close}, because static fields of test classes keep it reachable. */
  private volatile Main main;

  private final int port;
  private final int managementPort;

  private Service(Map<String, String> settings) {
    port = freePort();
    managementPort = freePort();
    Map<String, String> all = new HashMap<>();
    all.put("port", Integer.toString(port));
    all.put("host", "127.0.0.1");
    all.put("management.port", Integer.toString(managementPort));
    all.put("camel.main.shutdown-timeout", "5");
    // tests stop hundreds of services, and a stop waits for the polls of all views in turn
    all.put("camel.component.seda.default-poll-timeout", "10");
    all.putAll(settings);
    Leaks.watch(all);
    main = App.configured(all);
    // the default is a shutdown hook, which keeps the whole service in memory until the JVM ends
    main.setShutdownStrategy(new SimpleMainShutdownStrategy());
    try {
      main.start();
    } catch (RuntimeException e) {
      main.stop();
      // beans such as Redis start before the context; stopping the context would not stop them
      ServiceHelper.stopAndShutdownService(main.getCamelContext().getRegistry());
      throw e;
    }
  }

  /** Starts the service with this stand-in as GitHub; keys are those of application.properties. */
  public static Service start(GitHubStandIn github, Map<String, String> settings) {
    Map<String, String> all = new HashMap<>();
    all.put("github.api.url", github.url());
    all.put("redis.url", "");
    all.putAll(settings);
    return new Service(all);
  }

  public static Service start(GitHubStandIn github) {
    return start(github, Map.of());
  }

  /**
   * Starts a service with its own routes and more, and waits until it is ready.
   *
   * @param folder where to write the file of the routes
   * @param more the routes in YAML
   */
  static Service startWith(
      GitHubStandIn github, Path folder, String more, Map<String, String> settings)
      throws IOException {
    Path file = Files.writeString(folder.resolve("more.camel.yaml"), more);
    Map<String, String> all = new HashMap<>(settings);
    all.put("camel.main.routes-include-pattern", "file:routes/*.camel.yaml,file:" + file);
    return start(github, all).ready();
  }

  /** Copies the routes into a folder, where a test can edit them. */
  static void copyRoutes(Path folder) throws IOException {
    try (var files = Files.list(Path.of("routes"))) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName()));
      }
    }
  }

  /** Starts a service that loads its routes from this folder and reloads them on changes. */
  static Service reloading(GitHubStandIn github, Path routes) {
    return start(
            github,
            Map.of(
                "fast.lane",
                "false",
                "camel.main.routes-include-pattern",
                "file:" + routes + "/*.camel.yaml",
                "camel.main.routes-reload-enabled",
                "true",
                "camel.main.routes-reload-directory",
                routes.toString()))
        .ready();
  }

  public CamelContext context() {
    return main.getCamelContext();
  }

  public MeterRegistry meters() {
    return context().getRegistry().findSingleByType(MeterRegistry.class);
  }

  public int port() {
    return port;
  }

  public String url(String target) {
    return "http://127.0.0.1:" + port + target;
  }

  public String managementUrl(String target) {
    return "http://127.0.0.1:" + managementPort + target;
  }

  /** Waits until the healthcheck is 200. */
  public Service ready() {
    await().atMost(Duration.ofSeconds(30)).until(() -> get("/healthcheck").statusCode() == 200);
    return this;
  }

  public HttpResponse<String> get(String target, String... headers) {
    return send("GET", target, headers);
  }

  /** Sends a request without a body; headers alternate names and values. */
  public HttpResponse<String> send(String method, String target, String... headers) {
    return send(request(method, target, headers), HttpResponse.BodyHandlers.ofString());
  }

  public HttpResponse<String> send(Consumer<HttpRequest.Builder> made) {
    return send(made, HttpResponse.BodyHandlers.ofString());
  }

  /** Sends a request without a body, and returns the response as bytes. */
  public HttpResponse<byte[]> bytes(String method, String target, String... headers) {
    return send(request(method, target, headers), HttpResponse.BodyHandlers.ofByteArray());
  }

  private Consumer<HttpRequest.Builder> request(String method, String target, String... headers) {
    return request -> {
      request.uri(URI.create(url(target)));
      request.method(method, HttpRequest.BodyPublishers.noBody());
      if (headers.length > 0) {
        request.headers(headers);
      }
    };
  }

  private static <T> HttpResponse<T> send(
      Consumer<HttpRequest.Builder> made, HttpResponse.BodyHandler<T> body) {
    HttpRequest.Builder request = HttpRequest.newBuilder();
    made.accept(request);
    try {
      HttpResponse<T> answer = CLIENT.send(request.build(), body);
      Leaks.look(answer);
      return answer;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  public static JsonNode json(HttpResponse<String> response) {
    try {
      return JSON.readTree(response.body());
    } catch (IOException e) {
      throw new AssertionError("no JSON: " + response.body(), e);
    }
  }

  /** A port without a listener that was not returned before, and that no client gets by chance. */
  public static int freePort() {
    while (true) {
      // below the ports that systems give to clients and to other listeners on port 0
      int port = ThreadLocalRandom.current().nextInt(10_000, 32_000);
      if (USED_PORTS.add(port)) {
        try (ServerSocket socket = new ServerSocket(port)) {
          return socket.getLocalPort();
        } catch (IOException e) {
          // in use
        }
      }
    }
  }

  @Override
  public void close() {
    Main running = main;
    if (running != null) {
      try {
        if (context().isStarted()) {
          Leaks.look(this);
        }
      } finally {
        running.stop();
        main = null;
      }
      Leaks.check();
    }
  }
}
