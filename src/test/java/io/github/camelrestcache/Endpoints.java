package io.github.camelrestcache;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.Recorded;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The cached endpoints in front of an organization of three pages. */
abstract class Endpoints {
  static final String REPOS = "/orgs/Netflix/repos";
  static final String MEMBERS = "/orgs/Netflix/members";
  static final Duration SOON = Duration.ofSeconds(10);
  static final ObjectMapper JSON = new ObjectMapper();
  static GitHubStandIn github;
  static Service service;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().repositories(250).limits(100_000, 100_000).build().start();
    github.addToken("service-token", "robot");
    github.addToken("caller-token", "somebody");
    service =
        Service.start(
                github, Map.of("refresh.interval", "500ms", "github.api.token", "service-token"))
            .ready();
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  /** Waits until a list has been refreshed this many times, counting from its next first page. */
  static void awaitRefreshes(String path, int times) {
    long before = firstPages(path);
    await().atMost(SOON).until(() -> firstPages(path) > before + times);
  }

  static long firstPages(String path) {
    return github.requests().stream()
        .filter(asked -> asked.target().equals(path + "?per_page=100"))
        .filter(asked -> asked.header("X-Mark") == null)
        .count();
  }

  static List<Recorded> marked(String mark) {
    return github.requests().stream().filter(asked -> mark.equals(asked.header("X-Mark"))).toList();
  }

  static String tag(HttpResponse<String> answer) {
    return answer.headers().firstValue("ETag").orElseThrow();
  }

  static Instant lastModified(HttpResponse<String> answer) {
    String value = answer.headers().firstValue("Last-Modified").orElseThrow();
    return ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
  }
}
