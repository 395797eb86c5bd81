package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
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
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.BeforeAll;

/** Deliveries of GitHub's webhooks. */
@SuppressWarnings("try") // the handles of overrides are only closed
abstract class Webhooks extends OneService {
  /** The secret of the example in GitHub's documentation; payload and signature are below. */
  static final String SECRET = "It's a Secret to Everybody";

  static final String PAYLOAD = "Hello, World!";

  static final String SIGNATURE =
      "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

  static final String HOOK = "/webhook/github";
  static final String ORG = "/orgs/Netflix";
  static final String MEMBERS = "/orgs/Netflix/members";
  static final String REPOS = "/orgs/Netflix/repos";
  static final int MAX_PAYLOAD = 25 * 1024 * 1024;

  static final Map<String, String> SETTINGS =
      Map.of("refresh.interval", "1h", "github.webhook.secret", SECRET);

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().repositories(20).limits(100_000, 100_000).build().start();
    service = Service.start(github, SETTINGS).ready();
  }

  /** Delivers an event as GitHub does, with a valid signature and a new delivery id. */
  static HttpResponse<String> deliver(Service service, String event, String... others) {
    return post(service, PAYLOAD.getBytes(UTF_8), headers(event, others));
  }

  static HttpResponse<String> deliver(String event, String... others) {
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

  static long fetches(String path) {
    return github.requests().stream().filter(asked -> asked.path().equals(path)).count();
  }

  /** The paths that the response to a delivery lists as refreshed. */
  static List<String> refreshed(HttpResponse<String> answer) {
    List<String> paths = new ArrayList<>();
    json(answer).get("refreshes").forEach(path -> paths.add(path.asText()));
    return paths;
  }

  /** Delivers an event and waits until it, and so all earlier ones, have been handled. */
  static void awaitDeliveries() {
    long org = fetches(ORG);
    long members = fetches(MEMBERS);
    assertThat(deliver("organization").statusCode()).isEqualTo(202);
    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> fetches(ORG) > org && fetches(MEMBERS) > members);
    await().until(() -> github.inFlight() == 0);
  }

  static void assertThatNothingHappened() {
    awaitDeliveries();
    assertThat(fetches(REPOS)).isZero();
    assertThat(github.requests()).noneMatch(asked -> asked.path().contains("webhook"));
  }

  static void assertThatIsProblem(HttpResponse<String> answer, int status, String detail) {
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.headers().firstValue("Content-Type"))
        .hasValue("application/json; charset=utf-8");
    assertThat(json(answer).get("message").asText()).contains(detail);
    assertThat(answer.body() + answer.headers().map()).doesNotContain(SECRET, SIGNATURE);
  }

  static Socket begin(String framing) throws IOException {
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

  static String status(Socket socket) throws IOException {
    return new String(socket.getInputStream().readNBytes(12), UTF_8);
  }
}
