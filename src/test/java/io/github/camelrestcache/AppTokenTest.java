package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.Recorded;
import io.github.camelrestcache.upstream.AppToken;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The service uses the installation tokens of a GitHub App, and renews them. */
@Tag("slow")
class AppTokenTest {

  private static final Duration SOON = Duration.ofSeconds(30);
  private static final String APP = "4711";
  private static final String TOKENS = "/app/installations/815/access_tokens";
  private static final KeyPair KEY = Pem.pair("RSA", 2048);

  private final AtomicInteger asked = new AtomicInteger();

  /** By entity tag, the Authorization with which GitHub has sent it. */
  private final Map<String, String> tags = new ConcurrentHashMap<>();

  private GitHubStandIn github;
  private Map<String, String> settings;

  @TempDir private Path folder;

  @BeforeEach
  void start() throws IOException {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.apps().install(APP, KEY.getPublic(), "Netflix", 815);
    github.override(
        request -> request.header("Authorization") != null,
        (request, sent) -> {
          github.answer(request, sent);
          String tag = sent.response().headers().get("ETag");
          if (tag != null) {
            tags.put(tag, request.header("Authorization"));
          }
          github.apps().issued().forEach(Leaks::watch);
        });
    Path file = Files.writeString(folder.resolve("key.pem"), Pem.pkcs1(KEY));
    Files.readAllLines(file).stream().filter(line -> !line.startsWith("-")).forEach(Leaks::watch);
    settings = new HashMap<>();
    settings.put("github.app.id", APP);
    settings.put("github.app.private.key.file", file.toString());
  }

  @AfterEach
  void stop() {
    github.close();
  }

  private List<Recorded> requests(String path) {
    return github.requests().stream().filter(each -> each.path().equals(path)).toList();
  }

  private static String way(HttpResponse<String> answer) {
    return answer.headers().firstValue("Cache-Status").orElseThrow();
  }

  /** The Authorization that a forwarded anonymous read has now, or null. */
  private String lent(Service service) {
    String target = "/zen?" + asked.incrementAndGet();
    assertThat(service.get(target).statusCode()).isEqualTo(200);
    return github.requests().stream()
        .filter(each -> each.target().equals(target))
        .findFirst()
        .orElseThrow()
        .header("Authorization");
  }

  private static String token(Service service) {
    return json(service.get("/healthcheck")).path("token").asText();
  }

  @Test
  void firstTokenIsRequestedOnceForAllThatWaitForIt() {
    Queue<Runnable> held = new ConcurrentLinkedQueue<>();
    github.override(
        request -> request.path().equals(TOKENS),
        (request, sent) -> held.add(() -> github.answer(request, sent)));
    try (Service service = Service.start(github, settings)) {
      List<CompletableFuture<HttpResponse<String>>> reads = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        String target = "/repos/Netflix/zuul?n=" + i;
        reads.add(CompletableFuture.supplyAsync(() -> service.get(target)));
      }
      await().atMost(SOON).until(() -> !held.isEmpty());
      await().during(Duration.ofMillis(1500)).atMost(SOON).until(() -> held.size() == 1);
      assertThat(github.requests())
          .extracting(Recorded::path)
          .containsOnly("/orgs/Netflix/installation", TOKENS);
      assertThat(token(service)).isEqualTo("GitHub has not sent the first token yet");

      held.remove().run();
      service.ready();

      assertThat(reads).allMatch(read -> read.join().statusCode() == 200);
      String bearer = "Bearer " + github.apps().issued().get(0);
      assertThat(github.apps().issued()).hasSize(1);
      assertThat(github.requests())
          .filteredOn(each -> !each.path().contains("/installation"))
          .hasSizeGreaterThan(20)
          .allMatch(each -> bearer.equals(each.header("Authorization")));
      assertThat(token(service)).isEqualTo("ready");
    }
  }

  @Test
  void renewalKeepsWhatIsFreshAndSendsNoOldValidators() {
    settings.put("refresh.interval", "1s");
    settings.put("github.app.installation.id", "815");
    github.apps().lifetime(Duration.ofSeconds(12));
    Queue<Runnable> held = new ConcurrentLinkedQueue<>();
    github.override(
        request -> request.path().equals(TOKENS) && github.apps().issued().size() == 1,
        (request, sent) -> held.add(() -> github.answer(request, sent)));
    try (Service service = Service.start(github, settings).ready()) {
      String first = "Bearer " + github.apps().issued().get(0);
      String[] validate = {"Cache-Control", "no-cache"};
      service.get("/repos/Netflix/zuul");
      service.get("/repos/Netflix/eureka");
      assertThat(way(service.get("/repos/Netflix/eureka", validate))).contains("fwd-status=304");

      await().atMost(SOON).until(() -> !held.isEmpty());
      assertThat(lent(service)).isEqualTo(first);
      held.remove().run();
      await().atMost(SOON).until(() -> !lent(service).equals(first));

      assertThat(lent(service)).isEqualTo("Bearer " + github.apps().issued().get(1));
      assertThat(requests("/orgs/Netflix/installation")).isEmpty();
      assertThat(way(service.get("/repos/Netflix/zuul"))).contains("; hit");
      assertThat(way(service.get("/repos/Netflix/eureka", validate))).contains("fwd-status=200");
      assertThat(way(service.get("/repos/Netflix/eureka", validate))).contains("fwd-status=304");
      github.clearRequests();
      await().atMost(SOON).until(() -> requests("/orgs/Netflix/members").size() > 2);
      assertThat(github.requests())
          .filteredOn(each -> each.header("If-None-Match") != null)
          .isNotEmpty()
          .allMatch(each -> !each.header("Authorization").equals(first))
          .allMatch(
              each -> tags.get(each.header("If-None-Match")).equals(each.header("Authorization")));
    }
  }

  @Test
  void previousTokenIsUsedWhileRenewalsFail() {
    github.apps().lifetime(Duration.ofSeconds(12));
    github.override(
        request -> request.path().equals(TOKENS) && !github.apps().issued().isEmpty(),
        (request, sent) -> sent.response().setStatusCode(500).end("{\"message\": \"Oops\"}"));
    try (Service service = Service.start(github, settings).ready()) {
      String first = "Bearer " + github.apps().issued().get(0);
      await()
          .atMost(SOON)
          .until(() -> token(service).equals("GitHub answered 500 to the App (Oops)"));

      assertThat(lent(service)).isEqualTo(first);
      assertThat(service.get("/healthcheck").statusCode()).isEqualTo(200);
      await().atMost(SOON).until(() -> lent(service) == null);
    }
  }

  @Test
  void refusedTokenIsReplacedAtOnceButLessAndLessOften() {
    settings.put("github.app.installation.id", "815");
    try (Service service = Service.start(github, settings).ready()) {
      github.apps().revoke();
      assertThat(service.get("/zen?revoked").statusCode()).isEqualTo(200);
      await().atMost(SOON).until(() -> lent(service) != null);
      assertThat(lent(service)).isEqualTo("Bearer " + github.apps().issued().get(1));

      github.override(
          request -> request.path().equals("/zen") && request.header("Authorization") != null,
          (request, sent) -> {
            github.apps().revoke();
            github.answer(request, sent);
          });
      await()
          .atMost(SOON)
          .until(
              () -> {
                service.get("/zen?" + asked.incrementAndGet());
                return requests(TOKENS).size() == 4;
              });
      List<Instant> times = requests(TOKENS).stream().map(Recorded::time).toList();
      assertThat(Duration.between(times.get(1), times.get(3))).isGreaterThan(Duration.ofSeconds(5));
    }
  }

  @Test
  void installationWithoutIdIsAFailure() {
    github.override(
        request -> request.path().equals("/orgs/Netflix/installation"),
        (request, sent) -> sent.response().end("{}"));
    try (Service service = Service.start(github, settings)) {
      String failure = "GitHub answered without the id of the installation";
      await().atMost(SOON).until(() -> token(service).equals(failure));
      assertThat(requests("/orgs/Netflix/installation")).hasSizeLessThan(5);
    }
  }

  @Test
  void failureIsLoggedOnceAndRetriedLessAndLessOften() {
    github.reset(); // knows no App now
    settings.putAll(Map.of("cold.wait", "1s", "refresh.interval", "1s"));
    try (LogLines log = LogLines.of(AppToken.class.getName());
        Service service = Service.start(github, settings)) {
      String failure =
          "GitHub answered 401 to the App (A JSON web token could not be decoded): check"
              + " GITHUB_APP_ID, its private key, and the installation";
      await().atMost(SOON).until(() -> token(service).equals(failure));
      assertThat(lent(service)).isNull();
      await()
          .atMost(SOON)
          .untilAsserted(
              () ->
                  assertThat(service.get("/orgs/Netflix/repos").body())
                      .contains("The GitHub App has no valid token. " + failure));
      await().atMost(SOON).until(() -> requests("/orgs/Netflix/installation").size() == 3);

      List<Instant> times =
          requests("/orgs/Netflix/installation").stream().map(Recorded::time).toList();
      for (int i = 1; i < times.size(); i++) {
        assertThat(Duration.between(times.get(i - 1), times.get(i)))
            .isGreaterThanOrEqualTo(Duration.ofMillis(950L << (i - 1)));
      }
      assertThat(github.requests())
          .as("no refresh without the token")
          .noneMatch(each -> each.path().equals("/orgs/Netflix/repos"));
      assertThat(log.lines())
          .containsExactly(
              "[null] The request for an installation token of the GitHub App failed: " + failure);

      github.apps().install(APP, KEY.getPublic(), "netflix", 815);
      service.ready();
      assertThat(token(service)).isEqualTo("ready");
      assertThat(lent(service)).isEqualTo("Bearer " + github.apps().issued().get(0));
      assertThat(log.lines()).hasSize(2).last().asString().contains("Using a new");
    }
  }

  @Test
  void appAndTokenAreMutuallyExclusive() {
    settings.put("github.api.token", "a-token");
    assertThatThrownBy(() -> Service.start(github, settings))
        .satisfies(
            failure ->
                assertThat(BadConfiguration.sentence(failure))
                    .contains("GITHUB_APP_ID", "GITHUB_API_TOKEN"));
  }

  @Test
  void badKeyPreventsStart() throws IOException {
    Files.writeString(folder.resolve("key.pem"), "no key");
    assertThatThrownBy(() -> Service.start(github, settings))
        .satisfies(
            failure ->
                assertThat(BadConfiguration.sentence(failure))
                    .startsWith("GITHUB_APP_PRIVATE_KEY_FILE: "));
  }
}
