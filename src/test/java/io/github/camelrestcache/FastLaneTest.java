package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.refresh.Schedule;
import io.github.camelrestcache.store.Changes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The fast lane gives the same responses as the routes: two services share one Redis, one has the
 * lane disabled, and both get the same requests.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@SuppressWarnings("try") // the handles of overrides are only closed
class FastLaneTest extends FastLanes {
  @ParameterizedTest
  @MethodSource("requests")
  void responseEqualsThatOfTheRoutes(String method, String target, List<List<String>> fields) {
    String tag = fast.get(target).headers().firstValue("ETag").orElse("").replace("\"", "");
    for (List<String> each : fields) {
      List<String> lines = new ArrayList<>();
      lines.add(method + " " + target + " HTTP/1.1");
      lines.add("Host: cache.example");
      each.forEach(field -> lines.add(field.replace("ETAG", tag)));
      String[] asked = lines.toArray(new String[0]);
      // the first request fills the lane for the next one
      RawHttp.request(fast.port(), asked);
      RawHttp.request(plain.port(), asked);
      // retried, because Age may change between the two
      await(target + " " + each)
          .atMost(SOON)
          .untilAsserted(
              () ->
                  assertThat(comparable(RawHttp.request(fast.port(), asked)))
                      .isEqualTo(comparable(RawHttp.request(plain.port(), asked))));
    }
  }

  @Test
  void http10ResponseEqualsThatOfTheRoutes() {
    for (String target : STORED) {
      String once = "GET " + target + " HTTP/1.0\r\nHost: cache.example\r\n\r\n";
      String twice = once.replace("\r\n\r\n", "\r\nConnection: keep-alive\r\n\r\n") + once;
      for (String asked : List.of(once, twice)) {
        RawHttp.send(fast.port(), asked);
        await(asked)
            .atMost(SOON)
            .untilAsserted(
                () ->
                    assertThat(comparable(RawHttp.send(fast.port(), asked)))
                        .startsWith("HTTP/1.0 200 OK")
                        .isEqualTo(comparable(RawHttp.send(plain.port(), asked))));
      }
    }
  }

  @Test
  void repeatedRequestBypassesTheRoutes() {
    for (Service each : List.of(fast, plain)) {
      STORED.forEach(each::get);
    }
    double before = requestsInRoutes(fast);
    STORED.forEach(fast::get);
    assertThat(requestsInRoutes(fast) - before).isZero();

    before = requestsInRoutes(plain);
    STORED.forEach(plain::get);
    assertThat(requestsInRoutes(plain) - before).isEqualTo(STORED.size());
  }

  @Test
  void metricsEqualThoseOfTheRoutes() {
    List<Map<String, Double>> metered = new ArrayList<>();
    for (Service each : List.of(fast, plain)) {
      Map<String, Double> before = settled(each);
      for (int i = 0; i < 3; i++) {
        STORED.forEach(each::get);
        each.send("HEAD", "/orgs/Netflix");
        each.get("/orgs/Netflix", "If-None-Match", "*");
        each.get("/repos/Netflix/zuul?metered");
        each.get("/view/top/5/nothing");
        each.send("BREW", "/coffee");
      }
      Map<String, Double> after = new TreeMap<>();
      await()
          .atMost(SOON)
          .untilAsserted(
              () -> {
                after.clear();
                metered(each)
                    .forEach(
                        (series, count) -> {
                          double more = count - before.getOrDefault(series, 0.0);
                          if (more > 0) {
                            after.put(series, more);
                          }
                        });
                assertThat(after.values().stream().mapToDouble(n -> n).sum()).isEqualTo(30);
              });
      metered.add(after);
    }
    assertThat(metered.get(0))
        .containsEntry("cache=hit method=GET route=/orgs/{org}/repos status=200", 6.0)
        .containsEntry("cache=hit method=GET route=/orgs/{org} status=304", 3.0)
        .containsEntry("cache=hit method=HEAD route=/orgs/{org} status=200", 3.0)
        .containsEntry("cache=hit method=GET route=/view/{order}/{n}/{view} status=200", 3.0)
        .containsEntry("cache=none method=GET route=/view/{order}/{n}/{view} status=404", 3.0)
        .containsEntry("cache=bypass method=other route=forward status=404", 3.0)
        .containsEntry("cache=miss method=GET route=forward status=200", 1.0)
        .containsEntry("cache=hit method=GET route=forward status=200", 2.0);
    Map<String, Double> routes = new TreeMap<>(metered.get(1));
    // the second service hits what the first one stored
    routes.compute("cache=hit method=GET route=forward status=200", (series, count) -> count - 1);
    routes.put("cache=miss method=GET route=forward status=200", 1.0);
    assertThat(routes).isEqualTo(metered.get(0));
  }

  @Test
  void readsSeePrecedingWrites() throws Exception {
    AtomicInteger written = new AtomicInteger();
    try (var handle =
        github.override(
            asked -> asked.path().equals("/x/counter"),
            (asked, request) -> {
              int now = asked.method().equals("GET") ? written.get() : written.incrementAndGet();
              request.response().putHeader("Cache-Control", "max-age=60").end("n" + now);
            })) {
      for (int i = 0; i < 20; i++) {
        for (int reads = 0; reads < 3; reads++) {
          assertThat(fast.get("/x/counter").body()).isEqualTo("n" + i);
        }
        fast.send("PATCH", "/x/counter");
      }
    }
  }

  @Test
  void writesThroughAnotherInstanceInvalidate() throws Exception {
    Changes changes = fast.context().getRegistry().findSingleByType(Changes.class);
    try (var handle =
        github.override(
            asked -> asked.path().startsWith("/Y/z"),
            (asked, request) -> request.response().end("{}"))) {
      var stamp = changes.stamp("/y/z", "no other");
      plain.send("PATCH", "/Y/z/%31");
      await().atMost(SOON).until(() -> !stamp.isCurrent());
    }
  }

  @Test
  void publishedListAndViewReplacePreparedOnes() {
    assertThat(fast.get("/orgs/Netflix/repos").body()).doesNotContain("Published anew");
    String before = fast.get("/view/top/1/stars").body();
    github.updateRepository(
        github.repositoryNames().get(0),
        each -> each.put("description", "Published anew").put("stargazers_count", 9_999_999));

    plain
        .context()
        .getRegistry()
        .findSingleByType(Schedule.class)
        .soon(
            plain
                .context()
                .getRegistry()
                .findSingleByType(Catalog.class)
                .endpoint("/orgs/Netflix/repos"));

    await()
        .atMost(SOON)
        .until(() -> fast.get("/orgs/Netflix/repos").body().contains("Published anew"));
    assertThat(fast.get("/view/top/1/stars").body()).isNotEqualTo(before).contains("9999999");
  }
}
