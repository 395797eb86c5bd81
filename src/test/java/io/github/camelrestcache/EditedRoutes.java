package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** A service whose route files a test edits. */
abstract class EditedRoutes {

  static final String ENDPOINT =
      """

      - route:
          id: zuul-issues
          description: The issues of zuul.
          from:
            uri: kamelet:cached-endpoint
            parameters: { path: "/repos/{{github.org}}/zuul/issues" }
            steps:
              - to: { uri: direct:refresh }
      """;

  static final String VIEW =
      """

      - route:
          id: view-issues
          description: Issues by number.
          from:
            uri: kamelet:ranked-view
            parameters: { view: zuul, list: "/repos/{{github.org}}/zuul/issues", field: number, label: title }
            steps:
              - to: { uri: direct:rank }
      """;

  static final String MEMBERS =
      VIEW.replace("/repos/{{github.org}}/zuul/issues", "/orgs/{{github.org}}/members");

  static final String ANOTHER_ROUTE =
      """

      - route:
          id: another
          description: Neither an endpoint nor a view.
          from:
            uri: direct:another
            steps:
              - stop: {}
      """;

  static Path routes;
  static GitHubStandIn github;
  static Service service;
  static LogLines log;
  static LogLines camelLog;
  private static int polls;

  /** Starts a service that reads its routes from a folder. */
  static void edit(Path folder) throws IOException {
    routes = folder;
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    Service.copyRoutes(routes);
    listen();
    service = Service.reloading(github, routes);
  }

  /** Forgets the lines of the log so far. */
  static void listen() {
    log = LogLines.of("io.github.camelrestcache.catalog.RouteReload");
    camelLog = LogLines.of("org.apache.camel.support.FileWatcherResourceReloadStrategy");
  }

  static void close() {
    service.close();
    github.close();
    stopListening();
  }

  static void stopListening() {
    log.close();
    camelLog.close();
  }

  static String read(String file) throws IOException {
    return Files.readString(routes.resolve(file));
  }

  static void write(String file, String text) throws IOException {
    Files.writeString(routes.resolve(file), text);
  }

  static void replace(String file, String old, String text) throws IOException {
    assertThat(read(file)).contains(old);
    write(file, read(file).replace(old, text));
  }

  static void soon(org.awaitility.core.ThrowingRunnable holds) {
    await().atMost(Duration.ofSeconds(20)).untilAsserted(holds);
  }

  /** The Cache-Status of a page that was not requested before: a hit if its list is stored. */
  static String served(String path) {
    String page = path + "?page=1&per_page=" + (1 + polls++ % 100);
    return service.get(page).headers().firstValue("Cache-Status").orElse("");
  }
}
