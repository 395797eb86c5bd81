package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Forwarded responses in the fast lane. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@SuppressWarnings("try") // the handles of overrides are only closed
class ForwardedLaneTest extends FastLanes {
  @ParameterizedTest
  @MethodSource("fields")
  void forwardedHitEqualsThatOfTheRoutes(String method, List<String> fields) {
    String target = "/repos/Netflix/zuul?" + Math.abs(fields.hashCode());
    String tag = fast.get(target).headers().firstValue("ETag").orElse("").replace("\"", "");
    List<String> lines = new ArrayList<>();
    lines.add(method + " " + target + " HTTP/1.1");
    lines.add("Host: cache.example");
    fields.forEach(field -> lines.add(field.replace("ETAG", tag)));
    String[] asked = lines.toArray(new String[0]);
    await()
        .atMost(SOON)
        .untilAsserted(
            () -> {
              String routes = RawHttp.request(plain.port(), asked);
              RawHttp.request(fast.port(), asked);
              double before = requestsInRoutes(fast);
              String lane = RawHttp.request(fast.port(), asked);
              assertThat(requestsInRoutes(fast)).isEqualTo(before);
              assertThat(comparable(lane)).isEqualTo(comparable(routes)).contains("; hit; ttl=");
            });
  }

  @Test
  void forwardedHitAgesInTheLaneUntilItIsStale() throws Exception {
    try (var handle =
        github.override(
            asked -> asked.path().equals("/x/ages"),
            (asked, request) ->
                request.response().putHeader("Cache-Control", "max-age=3").end("{}"))) {
      fast.get("/x/ages");
      double before = requestsInRoutes(fast);
      Set<String> ages = new ConcurrentSkipListSet<>();
      await()
          .atMost(SOON)
          .until(
              () -> {
                HttpResponse<String> answer = fast.get("/x/ages");
                answer.headers().firstValue("Age").ifPresent(ages::add);
                return answer.headers().firstValue("Cache-Status").get().contains("fwd=");
              });
      assertThat(ages).containsExactly("0", "1", "2");
      assertThat(requestsInRoutes(fast) - before).isEqualTo(1);
    }
  }

  @Test
  void anotherRequestOfTheCallerLeavesTheLaneAsItIs() {
    fast.get("/repos/Netflix/zuul?one");
    fast.get("/repos/Netflix/zuul?two");
    assertThat(isInTheLane(fast, "/repos/Netflix/zuul?one")).isTrue();
  }

  @Test
  void hitNeedsNoRedisWhileItIsFresh() {
    fast.get("/repos/Netflix/zuul?memory");
    long reads = reads(fast);
    for (int i = 0; i < 10; i++) {
      assertThat(isInTheLane(fast, "/repos/Netflix/zuul?memory")).isTrue();
    }
    assertThat(reads(fast)).isEqualTo(reads);
  }

  @Test
  void memoryOfAnAnswerOf2KilobytesIsBelow4() {
    String content = "x".repeat(2_000);
    try (var handle =
            github.override(
                asked -> asked.path().equals("/x/small"),
                (asked, request) ->
                    request.response().putHeader("Cache-Control", "max-age=600").end(content));
        Service service = service("true", "near.cache.size", "1MB")) {
      for (int i = 0; i < 250; i++) {
        service.get("/x/small?" + i);
      }
      long before = reads(service);
      for (int i = 0; i < 250; i++) {
        assertThat(service.get("/x/small?" + i).body()).isEqualTo(content);
      }
      assertThat(reads(service)).isEqualTo(before);
    }
  }

  @Test
  void writeThroughAnotherInstanceIsSeenWithinASecond() throws Exception {
    AtomicInteger written = new AtomicInteger();
    try (var handle =
        github.override(
            asked -> asked.path().startsWith("/repos/x/fleet"),
            (asked, request) -> {
              int now = asked.method().equals("GET") ? written.get() : written.incrementAndGet();
              request.response().putHeader("Cache-Control", "max-age=60").end("n" + now);
            })) {
      for (int i = 1; i <= 5; i++) {
        fast.get("/repos/x/fleet/issues/1");
        assertThat(isInTheLane(fast, "/repos/x/fleet/issues/1")).isTrue();
        plain.send("PATCH", "/repos/x/fleet/pulls/1");
        String expected = "n" + i;
        await()
            .atMost(Duration.ofSeconds(1))
            .until(() -> fast.get("/repos/x/fleet/issues/1").body().equals(expected));
      }
    }
  }

  @Test
  void requestWithMaxAgeIsNotAnsweredFromMemory() throws Exception {
    try (var handle =
        github.override(
            asked -> asked.path().equals("/x/aging"),
            (asked, request) ->
                request.response().putHeader("Cache-Control", "max-age=60").end("{}"))) {
      fast.get("/x/aging");
      long before = reads(fast);
      for (int i = 1; i <= 3; i++) {
        fast.get("/x/aging", "Cache-Control", "max-age=30");
        assertThat(reads(fast) - before).isEqualTo(i);
      }
    }
  }

  @Test
  void answerThatAnotherInstanceHasStoredNeedsNoRoutes() {
    plain.get("/repos/Netflix/zuul?stored");
    double before = requestsInRoutes(fast);
    assertThat(fast.get("/repos/Netflix/zuul?stored").headers().firstValue("Cache-Status"))
        .hasValueSatisfying(status -> assertThat(status).contains("; hit; ttl="));
    assertThat(requestsInRoutes(fast)).isEqualTo(before);
  }

  @Test
  void routesUseWhatTheLaneHasFoundInRedis() {
    plain.get("/repos/Netflix/zuul?found");
    long before = reads(fast);
    assertThat(fast.get("/repos/Netflix/zuul?found", "Cache-Control", "no-cache").headers())
        .extracting(headers -> headers.firstValue("Cache-Status").orElse(""))
        .asString()
        .contains("fwd=request; fwd-status=304");
    assertThat(reads(fast) - before).isEqualTo(1);
  }

  @Test
  void largeForwardedHitsGoThroughTheRoutes() throws Exception {
    String large = "x".repeat((1 << 20) + 1);
    try (var handle =
        github.override(
            asked -> asked.path().equals("/x/large"),
            (asked, request) ->
                request.response().putHeader("Cache-Control", "max-age=60").end(large))) {
      fast.get("/x/large");
      double before = requestsInRoutes(fast);
      for (int i = 1; i <= 3; i++) {
        HttpResponse<String> hit = fast.get("/x/large");
        assertThat(hit.headers().firstValue("Cache-Status").orElse("")).contains("; hit");
        assertThat(hit.body()).isEqualTo(large);
        assertThat(requestsInRoutes(fast) - before).isEqualTo(i);
      }
    }
  }

  @Test
  void callersGetTheirOwnResponses() throws Exception {
    try (var handle =
        github.override(
            asked -> asked.path().equals("/x/who"),
            (asked, request) ->
                request
                    .response()
                    .putHeader("Cache-Control", "private, max-age=60")
                    .end(String.valueOf(asked.header("Authorization"))))) {
      for (int i = 0; i < 20; i++) {
        assertThat(fast.get("/x/who", "Authorization", "Bearer a").body()).isEqualTo("Bearer a");
        assertThat(fast.get("/x/who", "Authorization", "Bearer b").body()).isEqualTo("Bearer b");
      }
    }
  }

  @Test
  void hitHasLatestRateLimit() throws Exception {
    AtomicInteger remaining = new AtomicInteger(5000);
    try (var handle =
        github.override(
            asked -> asked.path().startsWith("/x/limit"),
            (asked, request) ->
                request
                    .response()
                    .putHeader("Cache-Control", "max-age=60")
                    .putHeader("x-ratelimit-remaining", "" + remaining.decrementAndGet())
                    .end("{}"))) {
      fast.get("/x/limit", "Authorization", "Bearer c");
      for (int i = 0; i < 20; i++) {
        fast.get("/x/limit/" + i, "Authorization", "Bearer c");
        for (int reads = 0; reads < 3; reads++) {
          assertThat(
                  fast.get("/x/limit", "Authorization", "Bearer c")
                      .headers()
                      .firstValue("x-ratelimit-remaining"))
              .hasValue("" + remaining.get());
        }
      }
    }
  }
}
