package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisMonitor;

/** Webhook deliveries, with a refresh interval of an hour so that timers do not interfere. */
@Tag("slow")
@SuppressWarnings("try") // the handles of overrides are only closed
class WebhookTest {

  /** The secret of the example in GitHub's documentation; payload and signature are below. */
  static final String SECRET = "It's a Secret to Everybody";

  private static final String PAYLOAD = "Hello, World!";
  private static final String SIGNATURE =
      "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

  private static final String HOOK = "/webhook/github";
  private static final String ORG = "/orgs/Netflix";
  private static final String MEMBERS = "/orgs/Netflix/members";
  private static final String REPOS = "/orgs/Netflix/repos";
  private static final int MAX_PAYLOAD = 25 * 1024 * 1024;

  private static final Map<String, String> SETTINGS =
      Map.of("refresh.interval", "1h", "github.webhook.secret", SECRET);

  private static GitHubStandIn github;
  private static Service service;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().repositories(20).limits(100_000, 100_000).build().start();
    service = Service.start(github, SETTINGS).ready();
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  @BeforeEach
  void forget() {
    github.clearRequests();
  }

  /** Delivers an event as GitHub does, with a valid signature and a new delivery id. */
  static HttpResponse<String> deliver(Service service, String event, String... others) {
    return post(service, PAYLOAD.getBytes(UTF_8), headers(event, others));
  }

  private static HttpResponse<String> deliver(String event, String... others) {
    return deliver(service, event, others);
  }

  /** The headers of a delivery; {@code others} replaces headers by name, null removes them. */
  static List<String> headers(String event, String... others) {
    List<String> all = new ArrayList<>();
    List<String> given = Arrays.asList(others);
    String[] usual = {
      "X-GitHub-Event",
      event,
      "X-GitHub-Delivery",
      UUID.randomUUID().toString(),
      "X-Hub-Signature-256",
      SIGNATURE,
      "Content-Type",
      "application/json"
    };
    for (int i = 0; i < usual.length; i += 2) {
      if (!given.contains(usual[i])) {
        all.addAll(List.of(usual[i], usual[i + 1]));
      }
    }
    for (int i = 0; i < others.length; i += 2) {
      if (others[i + 1] != null) {
        all.addAll(List.of(others[i], others[i + 1]));
      }
    }
    return all;
  }

  static HttpResponse<String> post(Service service, byte[] body, List<String> headers) {
    return service.send(
        request ->
            request
                .uri(URI.create(service.url(HOOK)))
                .POST(BodyPublishers.ofByteArray(body))
                .headers(headers.toArray(String[]::new)));
  }

  static String sign(byte[] body) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(SECRET.getBytes(UTF_8), "HmacSHA256"));
      return "sha256=" + HexFormat.of().formatHex(mac.doFinal(body));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static long fetches(String path) {
    return github.requests().stream().filter(asked -> asked.path().equals(path)).count();
  }

  /** The paths that the response to a delivery lists as refreshed. */
  private static List<String> refreshed(HttpResponse<String> answer) {
    List<String> paths = new ArrayList<>();
    json(answer).get("refreshes").forEach(path -> paths.add(path.asText()));
    return paths;
  }

  /** Delivers an event and waits until it, and so all earlier ones, have been handled. */
  private static void awaitDeliveries() {
    long org = fetches(ORG);
    long members = fetches(MEMBERS);
    assertThat(deliver("organization").statusCode()).isEqualTo(202);
    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> fetches(ORG) > org && fetches(MEMBERS) > members);
    await().until(() -> github.inFlight() == 0);
  }

  private static void assertThatNothingHappened() {
    awaitDeliveries();
    assertThat(fetches(REPOS)).isZero();
    assertThat(github.requests()).noneMatch(asked -> asked.path().contains("webhook"));
  }

  private static void assertThatIsProblem(HttpResponse<String> answer, int status, String detail) {
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.headers().firstValue("Content-Type"))
        .hasValue("application/json; charset=utf-8");
    assertThat(json(answer).get("message").asText()).contains(detail);
    assertThat(answer.body() + answer.headers().map()).doesNotContain(SECRET, SIGNATURE);
  }

  @Test
  void eventUpdatesListAndViewWithinSeconds() {
    String name = github.repositoryNames().get(0);
    github.updateRepository(name, repository -> repository.put("stargazers_count", 7_654_321));
    String view = "/view/top/1/stars";
    assertThat(service.get(view).body()).doesNotContain("7654321");

    assertThat(deliver("star").statusCode()).isEqualTo(202);

    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> service.get(view).body().contains("7654321"));
  }

  @Test
  void eventsWithinTwoSecondsAreOneRefresh() {
    for (String event : List.of("star", "push", "fork", "issues", "repository")) {
      assertThat(refreshed(deliver(event))).contains(REPOS);
    }
    assertThat(fetches(REPOS)).isZero();

    awaitDeliveries();

    assertThat(fetches(REPOS)).isEqualTo(1);
  }

  @Test
  void eventRefreshesAndReportsEndpointsThatListIt() {
    Map<String, List<String>> expected = new TreeMap<>();
    for (String event : List.of("star", "watch", "fork", "push", "issues", "pull_request")) {
      expected.put(event, List.of(REPOS));
    }
    expected.put("repository", List.of(ORG, REPOS));
    expected.put("organization", List.of(ORG, MEMBERS));
    expected.put("member", List.of(ORG, MEMBERS));
    expected.forEach(
        (event, paths) -> {
          HttpResponse<String> answer = deliver(event);
          assertThat(answer.statusCode()).isEqualTo(202);
          assertThat(answer.headers().firstValue("Content-Type"))
              .hasValue("application/json; charset=utf-8");
          assertThat(json(answer).get("event").asText()).isEqualTo(event);
          assertThat(json(answer).get("new").asBoolean()).isTrue();
          assertThat(refreshed(answer)).as(event).isEqualTo(paths);
        });
    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> Stream.of(ORG, MEMBERS, REPOS).allMatch(path -> fetches(path) == 1));
    assertThat(github.requests()).noneMatch(asked -> asked.path().equals("/"));
  }

  @Test
  void unlistedEventIsAcceptedWithoutRefresh() {
    assertThat(refreshed(deliver("workflow_job"))).isEmpty();
    assertThatNothingHappened();
  }

  @Test
  void pingIsAnswered() {
    HttpResponse<String> answer = deliver("ping");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(json(answer).get("event").asText()).isEqualTo("ping");
    assertThat(refreshed(answer)).isEmpty();
  }

  @Test
  void wrongOrMissingSignatureIs401() {
    String digits = SIGNATURE.substring("sha256=".length());
    String id = UUID.randomUUID().toString();
    for (String wrong :
        new String[] {
          null,
          "",
          "sha256=",
          digits,
          "sha1=" + digits,
          SIGNATURE.replaceFirst(".$", "8"),
          SIGNATURE.replaceFirst(".$", ""),
          SIGNATURE + "0",
          SIGNATURE + ", " + SIGNATURE
        }) {
      for (String event : new String[] {"star", "ping", null}) {
        HttpResponse<String> answer =
            deliver(
                "", "X-GitHub-Event", event, "X-GitHub-Delivery", id, "X-Hub-Signature-256", wrong);
        assertThatIsProblem(answer, 401, "GITHUB_WEBHOOK_SECRET");
        assertThat(answer.headers().firstValue("WWW-Authenticate")).hasValue("X-Hub-Signature-256");
      }
    }
    assertThatNothingHappened();
    assertThat(Stored.in(service).keys("*" + id + "*")).isEmpty();
  }

  @Test
  void unsignedDeliveryIs401BeforeItsBody() {
    assertThat(
            RawHttp.send(
                service.port(),
                "POST /webhook/github HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"))
        .startsWith("HTTP/1.1 401 ");
  }

  @Test
  void slowDeliveriesBlockNoOtherRequests() throws IOException {
    List<Socket> slow = new ArrayList<>();
    try {
      for (int i = 0; i < 400; i++) {
        Socket each = new Socket("127.0.0.1", service.port());
        slow.add(each);
        each.getOutputStream()
            .write(
                ("POST /webhook/github HTTP/1.1\r\nHost: a\r\nX-Hub-Signature-256: "
                        + SIGNATURE
                        + "\r\nContent-Length: 9\r\n\r\n{")
                    .getBytes(UTF_8));
      }
      assertThat(service.get("/zen?slowly").statusCode()).isEqualTo(200);
      assertThat(service.get("/healthcheck").statusCode()).isEqualTo(200);
    } finally {
      for (Socket each : slow) {
        each.close();
      }
    }
  }

  @Test
  void signatureCoversRawPayload() {
    byte[] form = "payload=%7B%22zen%22%3A%22a+b%22%7D".getBytes(UTF_8);
    List<String> headers =
        headers(
            "ping",
            "Content-Type",
            "application/x-www-form-urlencoded",
            "X-Hub-Signature-256",
            sign(form));
    assertThat(post(service, form, headers).statusCode()).isEqualTo(200);
    assertThat(post(service, PAYLOAD.getBytes(UTF_8), headers).statusCode()).isEqualTo(401);
    assertThat(post(service, new byte[0], headers).statusCode()).isEqualTo(401);
    headers = headers("ping", "X-Hub-Signature-256", sign(new byte[0]));
    assertThat(post(service, new byte[0], headers).statusCode()).isEqualTo(200);
  }

  @Test
  void replayWithinOneHourIsIgnored() {
    String id = UUID.randomUUID().toString();
    assertThat(json(deliver("ping", "X-GitHub-Delivery", id)).get("new").asBoolean()).isTrue();
    for (String event : List.of("star", "ping")) {
      HttpResponse<String> replay = deliver(event, "X-GitHub-Delivery", id);
      assertThat(replay.statusCode()).isEqualTo(200);
      assertThat(json(replay).get("new").asBoolean()).isFalse();
      assertThat(refreshed(replay)).isEmpty();
    }
    assertThatNothingHappened();
    assertThat(Stored.in(service).keys("*" + id + "*"))
        .singleElement()
        .asString()
        .startsWith("camel-rest-cache:")
        .satisfies(key -> assertThat(Stored.in(service).getExpire(key)).isBetween(3_500L, 3_600L));
  }

  @Test
  void rejectionHidesWhetherDeliveryIsKnown() {
    String known = UUID.randomUUID().toString();
    deliver("ping", "X-GitHub-Delivery", known);
    String fresh = UUID.randomUUID().toString();
    HttpResponse<String> ofKnown =
        deliver("ping", "X-GitHub-Delivery", known, "X-Hub-Signature-256", "sha256=0");
    HttpResponse<String> ofFresh =
        deliver("ping", "X-GitHub-Delivery", fresh, "X-Hub-Signature-256", "sha256=0");
    assertThat(ofKnown.statusCode()).isEqualTo(401).isEqualTo(ofFresh.statusCode());
    assertThat(ofKnown.body()).isEqualTo(ofFresh.body());
    assertThat(json(deliver("ping", "X-GitHub-Delivery", fresh)).get("new").asBoolean()).isTrue();
  }

  @Test
  void deliveryWithoutEventOrIdIs400() {
    for (String event :
        new String[] {null, "", "star, push", "${variable.request}", "x".repeat(65)}) {
      assertThatIsProblem(deliver("star", "X-GitHub-Event", event), 400, "X-GitHub-Event");
    }
    for (String id : new String[] {null, "", "a:b", "a b", "*", "0".repeat(65)}) {
      assertThatIsProblem(deliver("star", "X-GitHub-Delivery", id), 400, "X-GitHub-Delivery");
    }
    assertThatNothingHappened();
  }

  @Test
  void payloadIsLimitedTo25Megabytes() {
    byte[] largest = new byte[MAX_PAYLOAD];
    List<String> headers = headers("ping", "X-Hub-Signature-256", sign(largest));
    assertThat(post(service, largest, headers).statusCode()).isEqualTo(200);
    byte[] larger = new byte[MAX_PAYLOAD + 1];
    headers = headers("ping", "X-Hub-Signature-256", sign(larger));
    assertThatIsProblem(post(service, larger, headers), 413, "25 MB");
  }

  @Test
  void oversizedPayloadIs413EarlyAndConnectionIsClosed() throws IOException {
    try (Socket announcing = begin("Content-Length: " + (MAX_PAYLOAD + 1))) {
      assertThat(status(announcing)).isEqualTo("HTTP/1.1 413");
      assertThat(announcing.getInputStream().readAllBytes()).as("then it is closed").isNotEmpty();
    }
    byte[] megabyte = ("100000\r\n" + "x".repeat(0x100000) + "\r\n").getBytes(UTF_8);
    try (Socket endless = begin("Transfer-Encoding: chunked")) {
      for (int sent = 0; sent <= 25; sent++) {
        endless.getOutputStream().write(megabyte);
      }
      assertThat(status(endless)).isEqualTo("HTTP/1.1 413");
      assertThatThrownBy(
              () -> {
                for (int sent = 0; sent < 200; sent++) {
                  endless.getOutputStream().write(megabyte);
                }
              })
          .isInstanceOf(IOException.class);
    }
  }

  private static Socket begin(String framing) throws IOException {
    Socket socket = new Socket("127.0.0.1", service.port());
    socket.setSoTimeout(10_000);
    String head =
        "POST "
            + HOOK
            + " HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: "
            + SIGNATURE
            + "\r\n"
            + framing
            + "\r\n\r\n";
    socket.getOutputStream().write(head.getBytes(UTF_8));
    return socket;
  }

  private static String status(Socket socket) throws IOException {
    return new String(socket.getInputStream().readNBytes(12), UTF_8);
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "PUT", "PATCH", "DELETE", "OPTIONS"})
  void otherMethodsAre405(String method) {
    HttpResponse<String> answer = service.send(method, HOOK + "?a=b");
    assertThatIsProblem(answer, 405, "POST");
    assertThat(answer.headers().firstValue("Allow")).hasValue("POST");
    assertThat(github.requests()).isEmpty();
  }

  @Test
  void pathIsReservedWithoutSecret() {
    try (Service off = Service.start(github).ready()) {
      github.clearRequests();
      for (String method : List.of("GET", "POST", "DELETE", "OPTIONS")) {
        assertThatIsProblem(off.send(method, HOOK), 404, "set GITHUB_WEBHOOK_SECRET");
      }
      assertThatIsProblem(deliver(off, "star"), 404, "set GITHUB_WEBHOOK_SECRET");
      assertThat(github.requests()).isEmpty();
    }
  }

  @Test
  void replayIsKnownToAllInstancesUnlessRedisIsDown() {
    OwnRedis redis = OwnRedis.start();
    Map<String, String> settings =
        Map.of("refresh.interval", "1h", "github.webhook.secret", SECRET, "redis.url", redis.url());
    try (redis;
        Service one = Service.start(github, settings).ready();
        Service other = Service.start(github, settings).ready()) {
      String[] id = {"X-GitHub-Delivery", UUID.randomUUID().toString()};
      assertThat(deliver(one, "workflow_job", id).statusCode()).isEqualTo(202);
      assertThat(deliver(other, "workflow_job", id).statusCode()).isEqualTo(200);
      redis.close();
      assertThat(deliver(other, "workflow_job", id).statusCode()).isEqualTo(202);
    }
  }

  @Test
  void deliveryIsRememberedAfterItsEffect() {
    Queue<String> commands = new ConcurrentLinkedQueue<>();
    try (OwnRedis redis = OwnRedis.start();
        Jedis operator = redis.operator()) {
      CompletableFuture.runAsync(
          () ->
              operator.monitor(
                  new JedisMonitor() {
                    @Override
                    public void onCommand(String command) {
                      commands.add(command);
                    }
                  }));
      Map<String, String> settings =
          Map.of("github.webhook.secret", SECRET, "redis.url", redis.url());
      try (Service service = Service.start(github, settings).ready()) {
        commands.clear();
        deliver(service, "organization");

        await().until(() -> commands.stream().anyMatch(each -> each.contains(":delivery:")));
        assertThat(
                commands.stream()
                    .filter(each -> each.matches(".*(SET.*/orgs/Netflix soon|SET.*:delivery:).*")))
            .first()
            .asString()
            .contains("/orgs/Netflix soon");
      }
    }
  }

  @Test
  void eventHasForwardedAnswersOfItsRepositoryValidated() {
    String zuul = "/repos/Netflix/zuul/pulls/7";
    String eureka = "/repos/Netflix/eureka/pulls/7";
    try (var handle =
        github.override(
            asked -> asked.path().endsWith("/pulls/7"),
            (asked, request) ->
                request
                    .response()
                    .putHeader("Cache-Control", "max-age=60")
                    .end(fetches(asked.path()) == 1 ? "open" : "closed"))) {
      for (String path : List.of(zuul, zuul, eureka)) {
        assertThat(service.get(path).body()).isEqualTo("open");
      }
      byte[] payload =
          "{\"action\":\"closed\",\"repository\":{\"full_name\":\"Netflix/zuul\"}}".getBytes(UTF_8);

      HttpResponse<String> answer =
          post(service, payload, headers("pull_request", "X-Hub-Signature-256", sign(payload)));

      assertThat(answer.statusCode()).isEqualTo(202);
      assertThat(service.get(zuul).body()).isEqualTo("closed");
      assertThat(service.get(eureka).body()).isEqualTo("open");
    }
  }

  @Test
  void eventDuringRedisOutageIsHandledLater() {
    OwnRedis redis = OwnRedis.start();
    Map<String, String> settings =
        Map.of("refresh.interval", "1h", "github.webhook.secret", SECRET, "redis.url", redis.url());
    try (Service service = Service.start(github, settings).ready()) {
      redis.hang();
      await().until(() -> service.get("/healthcheck").body().contains("Redis does not answer"));
      assertThat(deliver(service, "organization").statusCode()).isEqualTo(202);
      github.clearRequests();
      redis.goOn();

      await().atMost(Duration.ofSeconds(15)).until(() -> fetches("/orgs/Netflix") == 1);
    } finally {
      redis.close();
    }
  }
}
