package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A client above its rate limit gets 429; other clients are unaffected. */
class ClientRateTest {

  private static final Duration SOON = Duration.ofSeconds(20);

  private static GitHubStandIn github;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
  }

  @AfterAll
  static void stop() {
    github.close();
  }

  /** A service that trusts X-Forwarded-For from loopback. */
  private static Service service(String... settings) {
    Map<String, String> all = new HashMap<>();
    all.put("trusted.proxies", "127.0.0.1");
    for (int i = 0; i < settings.length; i += 2) {
      all.put(settings[i], settings[i + 1]);
    }
    return Service.start(github, all).ready();
  }

  private static HttpResponse<String> get(Service service, String target, String client) {
    return service.get(target, "X-Forwarded-For", client);
  }

  private static String field(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "false"})
  void clientAboveLimitGets429AndOthersDoNot(String lane) {
    try (Service service =
        service("rate.limit", "60/h", "rate.limit.burst", "5", "fast.lane", lane)) {
      for (String target : List.of("/orgs/Netflix", "/view/top/3/stars", "/zen")) {
        String client = "192.0.2." + Math.abs(target.hashCode() % 200);
        for (int left = 4; left >= 0; left--) {
          HttpResponse<String> answer = get(service, target, client);
          assertThat(answer.statusCode()).isEqualTo(200);
          assertThat(field(answer, "RateLimit")).startsWith("\"client\";r=" + left + ";t=");
          assertThat(field(answer, "RateLimit-Policy")).isEqualTo("\"client\";q=5;w=301");
        }
        HttpResponse<String> refused = get(service, target, client);
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(Long.parseLong(field(refused, "Retry-After"))).isBetween(1L, 60L);
        assertThat(field(refused, "RateLimit")).startsWith("\"client\";r=0;t=");
        assertThat(field(refused, "Content-Type")).isEqualTo("application/json; charset=utf-8");
        assertThat(refused.body()).contains("60/h");
        assertThat(get(service, target, "198.51.100.1").statusCode()).isEqualTo(200);
      }
    }
  }

  @Test
  void bucketRefills() {
    try (Service service = service("rate.limit", "5/s", "rate.limit.burst", "1")) {
      await().atMost(SOON).until(() -> get(service, "/zen", "192.0.2.1").statusCode() == 429);
      await().atMost(SOON).until(() -> get(service, "/zen", "192.0.2.1").statusCode() == 200);
    }
  }

  @Test
  void forwardedForIsIgnoredFromUntrustedProxies() {
    try (Service service = service("rate.limit", "1/h", "trusted.proxies", "")) {
      await().atMost(SOON).until(() -> get(service, "/zen", "192.0.2.1").statusCode() == 429);
      assertThat(get(service, "/zen", "192.0.2.2").statusCode()).isEqualTo(429);
    }
  }

  @Test
  void clientsAreNotCountedWithoutLimit() {
    try (Service service = service()) {
      HttpResponse<String> answer = get(service, "/zen", "192.0.2.1");
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(field(answer, "RateLimit")).isEmpty();
    }
  }

  @Test
  void numberOfTrackedClientsIsBounded() {
    try (Service service = service("rate.limit", "100/s")) {
      var rates =
          service
              .context()
              .getRegistry()
              .findSingleByType(io.github.camelrestcache.http.ClientRates.class);
      for (int i = 0; i < 1_000_000; i++) {
        rates.bucket("10.%d.%d.%d".formatted(i >> 16 & 255, i >> 8 & 255, i & 255)).tryConsume(1);
      }
      assertThat(rates.clients()).isLessThanOrEqualTo(100_000);
    }
  }
}
