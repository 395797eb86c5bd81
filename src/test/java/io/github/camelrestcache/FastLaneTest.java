package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.refresh.Schedule;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.store.Changes;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The fast lane gives the same responses as the routes: two services share one Redis, one has the
 * lane disabled, and both get the same requests.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@SuppressWarnings("try") // the handles of overrides are only closed
class FastLaneTest {

  private static final Duration SOON = Duration.ofSeconds(20);

  private static final List<String> STORED =
      List.of(
          "/",
          "/orgs/Netflix",
          "/orgs/Netflix/repos",
          "/orgs/Netflix/repos?per_page=7&page=3",
          "/view/top/5/stars");

  private static final List<String> OTHERS =
      List.of(
          "/orgs/Netflix?",
          "/orgs/Netflix?page=1",
          "/orgs/Netflix/repos?page=999",
          "/orgs/Netflix/repos?page=2&page=3",
          "/orgs/Netflix/repos?sort=pushed",
          "/orgs/Netflix/repos/",
          "/orgs/%4eetflix",
          "/view/bottom/100000/last_updated",
          "/view/top/0005/stars",
          "/view/top/5/stars?n=1",
          "/view/top/0/stars",
          "/view/top/5/nothing",
          "/view",
          "/zen");

  private static final List<List<String>> FIELDS =
      List.of(
          List.of(),
          List.of("Accept: */*", "Accept-Encoding: gzip, deflate, br"),
          List.of("Accept-Encoding: gzip;q=0.5, identity;q=0.9"),
          List.of("Accept-Encoding: identity;q=0"),
          List.of("Accept-Encoding: deflate", "Accept-Encoding: gzip"),
          List.of("Accept: application/vnd.github+json", "X-GitHub-Api-Version: 2022-11-28"),
          List.of("Accept: application/vnd.github.raw+json"),
          List.of("Accept: application/json;q=0"),
          List.of("X-GitHub-Api-Version: 2021-01-01"),
          List.of("If-None-Match: *"),
          List.of("If-None-Match: \"no\", W/\"ETAG\""),
          List.of("If-None-Match: \"ETAG\"", "Accept-Encoding: gzip"),
          List.of("If-None-Match: \"no\"", "If-Modified-Since: Fri, 31 Dec 2100 00:00:00 GMT"),
          List.of("If-Modified-Since: Fri, 31 Dec 2100 00:00:00 GMT"),
          List.of("If-Modified-Since: never"),
          List.of("Range: bytes=0-1"),
          List.of("Content-Length: 0"),
          List.of("Authorization: Bearer other", "Cookie: a=b"),
          List.of("Cache-Control: no-cache", "Pragma: no-cache"),
          List.of("Camelhttpuri: http://127.0.0.1:1/", "Expect: 100-continue"));

  private GitHubStandIn github;
  private OwnRedis redis;
  private Service fast;
  private Service plain;

  @BeforeAll
  void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.addToken("service-token", "robot");
    redis = OwnRedis.start();
    fast = service("true");
    plain = service("false");
  }

  private Service service(String lane, String... settings) {
    Map<String, String> all = new HashMap<>();
    all.put("fast.lane", lane);
    all.put("redis.url", redis.url());
    all.put("public.url", "https://cache.example/");
    all.put("refresh.interval", "1h");
    all.put("github.api.token", "service-token");
    for (int i = 0; i < settings.length; i += 2) {
      all.put(settings[i], settings[i + 1]);
    }
    return Service.start(github, all).ready();
  }

  @AfterAll
  void stop() {
    fast.close();
    plain.close();
    redis.close();
    github.close();
  }

  static Stream<Arguments> requests() {
    return Stream.of(
            STORED.stream().map(target -> arguments("GET", target, FIELDS)),
            STORED.stream().map(target -> arguments("HEAD", target, FIELDS.subList(0, 2))),
            STORED.stream().map(target -> arguments("POST", target, FIELDS.subList(0, 1))),
            OTHERS.stream().map(target -> arguments("GET", target, FIELDS.subList(0, 1))))
        .flatMap(each -> each);
  }

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

  /** The number of requests per series, once it has stopped changing. */
  private static Map<String, Double> settled(Service service) {
    AtomicReference<Map<String, Double>> last = new AtomicReference<>();
    await()
        .atMost(SOON)
        .until(
            () -> {
              Map<String, Double> now = metered(service);
              return now.equals(last.getAndSet(now));
            });
    return last.get();
  }

  /** The number of requests per series. */
  private static Map<String, Double> metered(Service service) {
    return service
        .context()
        .getRegistry()
        .findSingleByType(MeterRegistry.class)
        .find("http.server.requests")
        .timers()
        .stream()
        .collect(
            Collectors.toMap(
                timer ->
                    timer.getId().getTags().stream()
                        .map(tag -> tag.getKey() + "=" + tag.getValue())
                        .sorted()
                        .collect(Collectors.joining(" ")),
                timer -> (double) timer.count()));
  }

  // forwarded requests

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

  static Stream<Arguments> fields() {
    return Stream.of(
            FIELDS.stream()
                // these always go to GitHub
                .filter(each -> !each.toString().matches(".*(no-cache|2021|Bearer other).*"))
                .map(each -> arguments("GET", each)),
            Stream.of(arguments("GET", List.of("Authorization: token service-token"))),
            FIELDS.subList(0, 2).stream().map(each -> arguments("HEAD", each)))
        .flatMap(each -> each);
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
    long reads = reads();
    for (int i = 0; i < 10; i++) {
      assertThat(isInTheLane(fast, "/repos/Netflix/zuul?memory")).isTrue();
    }
    assertThat(reads()).isEqualTo(reads);
  }

  /** How often this instance has looked for forwarded answers in Redis. */
  private long reads() {
    return (long)
        fast
            .context()
            .getRegistry()
            .findSingleByType(MeterRegistry.class)
            .find("restcache.redis.reads")
            .counters()
            .stream()
            .mapToDouble(counter -> counter.count())
            .sum();
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

  private static boolean isInTheLane(Service service, String target) {
    double before = requestsInRoutes(service);
    service.get(target);
    return requestsInRoutes(service) == before;
  }

  @Test
  void requestWithMaxAgeIsNotAnsweredFromMemory() throws Exception {
    try (var handle =
        github.override(
            asked -> asked.path().equals("/x/aging"),
            (asked, request) ->
                request.response().putHeader("Cache-Control", "max-age=60").end("{}"))) {
      fast.get("/x/aging");
      long before = reads();
      for (int i = 1; i <= 3; i++) {
        fast.get("/x/aging", "Cache-Control", "max-age=30");
        assertThat(reads() - before).isEqualTo(i);
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
    long before = reads();
    assertThat(fast.get("/repos/Netflix/zuul?found", "Cache-Control", "no-cache").headers())
        .extracting(headers -> headers.firstValue("Cache-Status").orElse(""))
        .asString()
        .contains("fwd=request; fwd-status=304");
    assertThat(reads() - before).isEqualTo(1);
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

  private static double requestsInRoutes(Service service) {
    return service
        .context()
        .getRegistry()
        .findSingleByType(MeterRegistry.class)
        .get("camel.exchanges.total")
        .tag("routeId", "request")
        .counter()
        .count();
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

  /** Removes the headers in which two forwarded responses may differ. */
  private static String comparable(String answer) {
    return answer.replaceAll(
        "(?im)^(x-ratelimit-\\w+|x-request-id|x-github-request-id|cache-status: .*fwd=).*\\r\\n",
        "");
  }
}
