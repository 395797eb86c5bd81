package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.GitHubStandIn.Handle;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Refreshes follow what GitHub answers, and what callers write. */
@Tag("slow")
class RefreshAdviceTest {

  private static final String ORG = "/orgs/Netflix";
  private static final String REPOS = "/orgs/Netflix/repos";
  private static final String TOKEN = "service-token";
  private static final String ADMIN = "administrator-token";
  private static final Duration SOON = Duration.ofSeconds(20);

  private GitHubStandIn github;
  private Service service;

  @BeforeEach
  void startGitHub() {
    github = GitHubStandIn.builder().repositories(210).limits(100_000, 100_000).build().start();
    github.addToken(TOKEN, "robot");
  }

  @AfterEach
  void stop() {
    service.close();
    github.close();
  }

  private void start(String interval, String... others) {
    Map<String, String> settings = new HashMap<>();
    settings.put("refresh.interval", interval);
    settings.put("github.api.token", TOKEN);
    settings.put("github.webhook.secret", "It's a Secret to Everybody");
    for (int i = 0; i < others.length; i += 2) {
      settings.put(others[i], others[i + 1]);
    }
    service = Service.start(github, settings);
  }

  private long fetches(String path) {
    return github.requests().stream().filter(asked -> asked.path().equals(path)).count();
  }

  private boolean listSays(String text) {
    return service.get(REPOS).body().contains(text);
  }

  @Test
  void pollIntervalIsLowerBoundOfInterval() {
    github.override(
        asked -> asked.path().equals(ORG),
        (asked, request) -> {
          request.response().putHeader("X-Poll-Interval", "60");
          github.answer(asked, request);
        });
    start("200ms");
    service.ready();

    await().atMost(SOON).until(() -> fetches(REPOS) > 10);

    assertThat(fetches(ORG)).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {502, 503, 504})
  void heavyListIsFetchedInSmallerPagesFromThenOn(int status) {
    github.override(
        asked -> asked.path().equals(REPOS) && !"30".equals(asked.parameters().get("per_page")),
        (asked, request) -> request.response().setStatusCode(status).end());
    start("200ms");
    service.ready();

    assertThat(json(service.get(REPOS))).hasSize(210);
    assertThat(github.requests().stream().filter(asked -> asked.path().equals(REPOS)))
        .extracting(asked -> asked.parameters().get("per_page"))
        .startsWith("100", "50", "30");
    github.clearRequests();
    await().atMost(SOON).until(() -> fetches(REPOS) > 3);
    assertThat(github.requests().stream().filter(asked -> asked.path().equals(REPOS)))
        .allMatch(asked -> "30".equals(asked.parameters().get("per_page")));
  }

  @Test
  void changeThatGitHubShowsAfterEventIsFound() {
    start("1h");
    service.ready();
    github.clearRequests();
    assertThat(WebhookTest.deliver(service, "star").statusCode()).isEqualTo(202);
    await().atMost(SOON).until(() -> fetches(REPOS) == 1 && github.inFlight() == 0);

    github.updateRepository(
        github.repositoryNames().get(0), each -> each.put("description", "Shown late"));

    await().atMost(Duration.ofSeconds(15)).until(() -> listSays("Shown late"));
  }

  @Test
  void writeRefreshesEndpointsAtAndAboveItsPath() {
    start("1h");
    service.ready();
    github.override(
        asked -> asked.method().equals("POST"),
        (asked, request) -> {
          github.updateRepository(
              github.repositoryNames().get(0), each -> each.put("description", "Written"));
          request.response().setStatusCode(201).end("{}");
        });

    HttpResponse<String> written = service.send("POST", REPOS);

    assertThat(written.statusCode()).isEqualTo(201);
    await().atMost(Duration.ofSeconds(5)).until(() -> listSays("Written"));
  }

  @Test
  void rejectedWriteRefreshesNothing() {
    start("1h");
    service.ready();
    Handle rejecting =
        github.override(
            asked -> asked.method().equals("POST"),
            (asked, request) -> request.response().setStatusCode(422).end("{}"));
    github.clearRequests();
    assertThat(service.send("POST", REPOS).statusCode()).isEqualTo(422);
    assertThat(service.send("OPTIONS", REPOS).statusCode()).isLessThan(300);
    rejecting.close();
    github.override(
        asked -> asked.method().equals("POST"),
        (asked, request) -> request.response().setStatusCode(201).end("{}"));

    assertThat(service.send("POST", ORG).statusCode()).isEqualTo(201);

    await().atMost(SOON).until(() -> fetches(ORG) > 1);
    assertThat(github.requests())
        .noneMatch(asked -> asked.method().equals("GET") && asked.path().equals(REPOS));
  }

  @ParameterizedTest
  @ValueSource(ints = {404, 410, 451})
  void endpointThatIsGoneForMinuteIsAnsweredLikeGitHub(int status) {
    start("1h", "admin.token", ADMIN);
    service.ready();
    assertThat(service.get("/view/top/3/stars").statusCode()).isEqualTo(200);
    Handle gone = listIsAnsweredWith(status);

    refreshNow(REPOS);
    await().atMost(SOON).until(() -> service.get("/healthcheck").body().contains("" + status));
    refreshNow(REPOS);
    await().atMost(SOON).until(() -> fetches(REPOS) > 2 && github.inFlight() == 0);
    assertThat(service.get(REPOS).statusCode()).as("within a minute").isEqualTo(200);
    putBack(Duration.ofMinutes(1));
    refreshNow(REPOS);

    await().atMost(SOON).until(() -> service.get(REPOS).statusCode() == status);
    assertThat(service.get("/view/top/3/stars").statusCode()).isEqualTo(404);
    assertThat(service.get("/healthcheck").statusCode()).isEqualTo(200);
    String key = Stored.endpoint(github, REPOS);
    assertThat(Stored.in(service).keys("*{" + REPOS + "}*")).containsExactly(key);
    assertThat(Stored.in(service).opsForHash().keys(key)).containsExactly("fence");

    gone.close();
    refreshNow(REPOS);
    await().atMost(SOON).until(() -> service.get(REPOS).statusCode() == 200);
    assertThat(service.get("/view/top/3/stars").statusCode()).isEqualTo(200);
  }

  @Test
  void outageBetweenTwoDenialsKeepsList() {
    start("1h", "admin.token", ADMIN);
    service.ready();
    failNow(404);
    failNow(500);
    putBack(Duration.ofMinutes(1));
    failNow(404);

    assertThat(service.get(REPOS).statusCode()).isEqualTo(200);
  }

  private Handle listIsAnsweredWith(int status) {
    return github.override(
        asked -> asked.path().equals(REPOS),
        (asked, request) -> request.response().setStatusCode(status).end("{}"));
  }

  /** Refreshes the list while GitHub answers with this status, until that is reported. */
  private void failNow(int status) {
    Handle failing = listIsAnsweredWith(status);
    refreshNow(REPOS);
    await().atMost(SOON).until(() -> service.get("/healthcheck").body().contains("" + status));
    failing.close();
  }

  /** Puts back the time since when the list has been gone. */
  private void putBack(Duration time) {
    var states = Stored.in(service).<String, byte[]>opsForHash();
    String state = new String(states.get(refreshes(), REPOS), UTF_8);
    Matcher since = Pattern.compile("(?<=\"goneSince\":)\\d+").matcher(state);
    String before =
        since.replaceFirst(each -> "" + (Long.parseLong(each.group()) - time.toMillis()));
    states.put(refreshes(), REPOS, before.getBytes(UTF_8));
  }

  private String refreshes() {
    return "camel-rest-cache:3:" + github.url() + ":refreshes";
  }

  private void refreshNow(String path) {
    AdminTest.post(service, "/admin/refresh?path=" + path, "Bearer " + ADMIN);
  }

  @Test
  void resultOfSupersededLeaseIsDropped() {
    start("1h", "admin.token", ADMIN, "github.answer.timeout", "3s");
    service.ready();
    github.clearRequests();
    github.override(
        asked -> asked.path().equals(ORG) && fetches(ORG) == 1,
        (asked, request) -> {
          // the lease has expired, and another instance has taken it and given it back
          Stored.in(service).delete(Stored.lease(github, ORG));
          request.response().end("{\"login\":\"late\"}");
        });
    github.override(asked -> asked.path().equals(ORG) && fetches(ORG) > 1, (asked, request) -> {});

    refreshNow(ORG);

    await().atMost(SOON).until(() -> fetches(ORG) == 2); // it is still due
    assertThat(service.get(ORG).body()).doesNotContain("late");
  }

  @Test
  void failureNamesOnlyWhatHasFailed() {
    github.override(asked -> asked.path().equals(REPOS), (asked, request) -> {});
    github.override(
        asked -> asked.path().equals(ORG),
        (asked, request) -> request.response().setStatusCode(500).end());
    try (LogLines log = LogLines.of("io.github.camelrestcache.refresh.Refreshes")) {
      start("1h", "github.answer.timeout", "5s");

      await().atMost(SOON).until(() -> !log.lines().isEmpty());

      assertThat(log.lines()).first().asString().endsWith("Not stored yet: /orgs/Netflix");
    }
  }
}
