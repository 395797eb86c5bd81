package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.GitHubStandIn.Handle;
import io.github.camelrestcache.standin.Recorded;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.provider.Arguments;

/** A service that refreshes often, before a GitHub whose answers a test spoils. */
abstract class Refreshing {
  static final String ORG = "/orgs/Netflix";
  static final String REPOS = "/orgs/Netflix/repos";
  static final String BY_NUMBER = "/organizations/913567/repos";
  static final Duration SOON = Duration.ofSeconds(20);
  static final String TOKEN = "service-token";
  static GitHubStandIn github;
  static GitHubStandIn elsewhere;
  static Service service;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().repositories(210).limits(100_000, 100_000).build().start();
    github.addToken(TOKEN, "robot");
    elsewhere = GitHubStandIn.builder().repositories(210).build().start();
    service =
        Service.start(
                github,
                Map.of(
                    "refresh.interval", "200ms",
                    "refresh.max.pages", "4",
                    "refresh.deadline", "3s",
                    "github.answer.timeout", "1s",
                    "github.api.token", TOKEN))
            .ready();
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
    elsewhere.close();
  }

  /** Repairs GitHub, and waits until no endpoint reports a failure. */
  @AfterEach
  void recover() {
    github.secondaryLimit(0);
    github.budget(100_000);
    github.addToken(TOKEN, "robot");
    soon().until(() -> failures().allMatch(JsonNode::isNull));
  }

  static Stream<Arguments> badPages() {
    return Stream.of(
        page("an error", "with 500", answer -> answer.setStatusCode(500).end("[]")),
        page("no content", "with 204", answer -> answer.setStatusCode(204).end()),
        page("HTML", "broken JSON", answer -> answer.end("<html>Unicorn!</html>")),
        page("an object", "other than the expected list", answer -> answer.end("{\"a\":[1]}")),
        page("a string", "other than the expected list", answer -> answer.end("\"[]\"")),
        page("an empty body", "with no content", answer -> answer.end()),
        page("white space", "with no content", answer -> answer.end("\n  \n")),
        page("two arrays", "more than one value", answer -> answer.end("[{}] [{}]")),
        page("a truncated array", "broken JSON", answer -> answer.end("[{\"id\":1},{\"id\"")),
        page("a truncated response", "cannot be reached", Refreshing::cutOff),
        page("a truncated chunked response", "cannot be reached", Refreshing::cutOffInChunks),
        page("a truncated gzip response", "broken gzip", Refreshing::halfGzip),
        page("a reset", "cannot be reached", answer -> answer.reset()),
        page("a hang", "did not answer in time", answer -> {}),
        page("a megabyte of headers", "header", Refreshing::megabyteOfFields),
        page("a trickle", "REFRESH_DEADLINE", Refreshing::trickle),
        page("itself as next", "fetched already", next(BY_NUMBER + "?per_page=100&page=2")),
        page("the first page as next", "fetched already", next(REPOS + "?per_page=100")),
        page("another redirect", "more than once", Refreshing::redirectForEver),
        page("a redirect to nowhere", "Location", answer -> answer.setStatusCode(302).end()));
  }

  static Stream<String> otherPlaces() {
    String port = github.url().replaceAll(".*:", "");
    String otherPort = elsewhere.url().replaceAll(".*:", "");
    return Stream.of(
        elsewhere.url() + BY_NUMBER + "?per_page=100&page=2",
        "//127.0.0.1:" + otherPort + BY_NUMBER,
        "http://127.0.0.1:" + port + "@127.0.0.1:" + otherPort + BY_NUMBER,
        "http://somebody@127.0.0.1:" + port + BY_NUMBER,
        "http://localhost:" + port + BY_NUMBER,
        "https://127.0.0.1:" + port + BY_NUMBER,
        "ftp://127.0.0.1/");
  }

  static Stream<String> placesOfRedirects() {
    return otherPlaces().filter(url -> !url.contains("@") && !url.startsWith("//"));
  }

  /** Makes GitHub fail, and checks that the list stays, the reason is reported, and it recovers. */
  static void assertListStays(
      String reason, Predicate<Recorded> when, BiConsumer<Recorded, HttpServerRequest> bad) {
    String good = service.get(REPOS).body();
    String mark = UUID.randomUUID().toString();
    Handle handle = github.override(when, bad);
    try {
      String first = github.repositoryNames().get(0);
      github.updateRepository(first, each -> each.put("description", mark));
      soon().until(() -> failure(REPOS) != null);

      assertThat(failure(REPOS)).containsPattern(reason).doesNotContain(TOKEN);
      HttpResponse<String> answer = service.get(REPOS);
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.headers().firstValue("Cache-Status").orElse("")).contains("; hit");
      assertThat(answer.body()).isEqualTo(good);
      assertThat(json(service.get("/view/top/1000/stars"))).hasSize(210);
      assertThat(service.get("/healthcheck").statusCode()).isEqualTo(200);
    } finally {
      handle.close();
    }
    soon().until(() -> service.get(REPOS).body().contains(mark));
    assertThat(json(service.get(REPOS))).hasSize(210);
  }

  static Arguments page(String what, String reason, ResponseCode bad) {
    BiConsumer<Recorded, HttpServerRequest> answer =
        (asked, request) -> bad.accept(request.response());
    return arguments(what, reason, answer);
  }

  /** Writes a response. */
  @FunctionalInterface
  interface ResponseCode {
    void accept(HttpServerResponse response);
  }

  static Predicate<Recorded> secondPage() {
    return asked -> asked.path().equals(BY_NUMBER) && "2".equals(asked.parameters().get("page"));
  }

  /** A valid page whose next link is this URL. */
  static ResponseCode next(String url) {
    String absolute = url.startsWith("/o") ? github.url() + url : url;
    return answer ->
        answer.putHeader("Link", "<" + absolute + ">; rel=\"next\"").end("[{\"id\":1}]");
  }

  static void cutOff(HttpServerResponse answer) {
    answer.putHeader("Content-Length", "100").write("[]").onComplete(sent -> answer.reset());
  }

  static void cutOffInChunks(HttpServerResponse answer) {
    answer.setChunked(true).write("[]").onComplete(sent -> answer.reset());
  }

  static void megabyteOfFields(HttpServerResponse answer) {
    IntStream.range(0, 1024).forEach(i -> answer.putHeader("X-" + i, "x".repeat(1000)));
    answer.end("[{\"id\":1}]");
  }

  static void trickle(HttpServerResponse answer) {
    Vertx vertx = Vertx.currentContext().owner();
    answer.setChunked(true).write("[");
    vertx.setPeriodic(
        200,
        timer -> {
          if (answer.closed()) {
            vertx.cancelTimer(timer);
          } else {
            answer.write(" ");
          }
        });
  }

  static void halfGzip(HttpServerResponse answer) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write("[]".getBytes(UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    byte[] half = Arrays.copyOf(out.toByteArray(), out.size() - 8);
    answer.putHeader("Content-Encoding", "gzip").end(Buffer.buffer(half));
  }

  static void redirectForEver(HttpServerResponse answer) {
    String again = github.url() + BY_NUMBER + "?page=2&once=" + UUID.randomUUID();
    answer.setStatusCode(301).putHeader("Location", again).end();
  }

  static ConditionFactory soon() {
    return await().atMost(SOON).pollInterval(Duration.ofMillis(20));
  }

  static List<Instant> firstPages() {
    return github.requests().stream()
        .filter(asked -> asked.path().equals(REPOS))
        .map(Recorded::time)
        .toList();
  }

  static Stream<JsonNode> failures() {
    return endpoints(state -> state.get("failure"));
  }

  static <T> Stream<T> endpoints(Function<JsonNode, T> what) {
    JsonNode endpoints = json(service.get("/healthcheck")).get("endpoints");
    assertThat(endpoints).hasSize(4);
    return Stream.of(0, 1, 2, 3).map(i -> what.apply(endpoints.get(i)));
  }

  static String failure(String path) {
    return endpoints(state -> state)
        .filter(state -> state.get("path").asText().equals(path))
        .findFirst()
        .orElseThrow()
        .get("failure")
        .textValue();
  }
}
