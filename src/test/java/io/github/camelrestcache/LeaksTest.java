package io.github.camelrestcache;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Failures leak no secrets, and {@link Leaks} detects a leak in every place that it searches. */
class LeaksTest {

  private static final String TOKEN = "the-s3cret-token-of-the-service";
  private static final String ADMIN = "the-s3cret-token-of-the-operator";
  private static final String WEBHOOK = "the-s3cret-of-the-webhook";
  private static final String PASSWORD = "the-s3cret-of-redis";

  @Test
  void failuresLeakNoSecrets() {
    try (GitHubStandIn github = GitHubStandIn.builder().limits(100, 100).build().start();
        OwnRedis redis = OwnRedis.at(Service.freePort(), "requirepass " + PASSWORD)) {
      github.addToken(TOKEN, "octocat");
      Map<String, String> settings =
          Map.of(
              "github.api.token", TOKEN,
              "admin.token", ADMIN,
              "github.webhook.secret", WEBHOOK,
              "redis.url", redis.url().replace("//", "//:" + PASSWORD + "@"),
              "access.log", "true");
      try (Service service = Service.start(github, settings).ready()) {
        assertThat(service.get("/repos/Netflix/zuul").statusCode()).isEqualTo(200);
        post(service, "/admin/refresh?path=/" + ADMIN, "Bearer " + ADMIN.substring(1));
        post(service, "/admin/purge?prefix=/", "Bearer " + ADMIN);
        post(service, "/admin/refresh?path=/nothing", "Bearer " + ADMIN);
        service.send("POST", "/webhook/github", "X-Hub-Signature-256", "sha256=00");
        service.get("/view/top/none/stars");
        github.removeToken(TOKEN);
        service.get("/repos/Netflix/eureka");
        github.override(asked -> true, (asked, request) -> request.connection().close());
        service.get("/repos/Netflix/hystrix");
        redis.crash();
        service.get("/repos/Netflix/ribbon");
      }
      assertThatThrownBy(() -> Service.start(github, withBad(settings, "refresh.interval")))
          .satisfies(failure -> Leaks.look("an error", String.valueOf(failure)));
      Leaks.check();
    }
  }

  private static Map<String, String> withBad(Map<String, String> settings, String key) {
    Map<String, String> all = new HashMap<>(settings);
    all.put(key, "often");
    return all;
  }

  private static void post(Service service, String target, String authorization) {
    service.send(
        request ->
            request
                .uri(URI.create(service.managementUrl(target)))
                .header("Authorization", authorization)
                .POST(BodyPublishers.noBody()));
  }

  @Test
  void leaksAreDetectedEverywhere() throws IOException {
    String secret = "the-s3cret-that-is-told";
    try (GitHubStandIn github = GitHubStandIn.builder().build().start();
        Service service = Service.start(github, Map.of("admin.token", secret))) {
      LoggerFactory.getLogger("a").warn("The token is {}", secret);
      assertThat(Leaks.found()).hasSize(1).first().asString().contains("a line of the log");

      LoggerFactory.getLogger("a").warn("It failed", new IllegalStateException(secret));
      assertThat(Leaks.found()).hasSize(1);

      Stored.in(service).opsForValue().set(secret, new byte[0]);
      Leaks.look(service);
      assertThat(Leaks.found()).hasSize(1).first().asString().contains("a key in Redis");
      Stored.in(service).delete(secret);

      Stored.in(service).opsForHash().put("a", "field", gzip("it is " + secret));
      Leaks.look(service);
      assertThat(Leaks.found()).hasSize(1).first().asString().contains("a value in Redis at a");
      Stored.in(service).delete("a");

      github.override(
          asked -> asked.path().equals("/echo"),
          (asked, request) -> request.response().putHeader("X-Echo", secret).end(secret));
      service.get("/echo");
      assertThat(Leaks.found()).hasSize(2).allMatch(each -> each.contains("/echo"));
      Stored.forgetForwarded(service);

      github.override(
          asked -> asked.path().equals("/broken"),
          (asked, request) ->
              request.response().setStatusCode(500).end("routes/views.camel.yaml:32: no"));
      service.get("/broken");
      assertThat(Leaks.found()).hasSize(1).first().asString().startsWith("a file is in the answer");
    }
    assertThat(Leaks.lookedAt())
        .containsKeys("a line of the log", "the answer", "a key in Redis", "a value in Redis");
  }

  private static byte[] gzip(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(text.getBytes(UTF_8));
    }
    return bytes.toByteArray();
  }
}
