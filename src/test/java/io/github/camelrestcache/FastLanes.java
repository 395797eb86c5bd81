package io.github.camelrestcache;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.github.camelrestcache.standin.GitHubStandIn;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.provider.Arguments;

/** Two instances on one Redis: one with the fast lane, one without. */
@SuppressWarnings("try") // the handles of overrides are only closed
abstract class FastLanes {
  static final Duration SOON = Duration.ofSeconds(20);

  static final List<String> STORED =
      List.of(
          "/",
          "/orgs/Netflix",
          "/orgs/Netflix/repos",
          "/orgs/Netflix/repos?per_page=7&page=3",
          "/view/top/5/stars");

  static final List<String> OTHERS =
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

  static final List<List<String>> FIELDS =
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

  GitHubStandIn github;
  OwnRedis redis;
  Service fast;
  Service plain;

  @BeforeAll
  void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.addToken("service-token", "robot");
    redis = OwnRedis.start();
    fast = service("true");
    plain = service("false");
  }

  Service service(String lane, String... settings) {
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

  /** The number of requests per series, once it has stopped changing. */
  static Map<String, Double> settled(Service service) {
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
  static Map<String, Double> metered(Service service) {
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

  /** How often an instance has looked for forwarded answers in Redis. */
  static long reads(Service service) {
    return (long)
        service
            .context()
            .getRegistry()
            .findSingleByType(MeterRegistry.class)
            .find("restcache.redis.reads")
            .counters()
            .stream()
            .mapToDouble(counter -> counter.count())
            .sum();
  }

  static boolean isInTheLane(Service service, String target) {
    double before = requestsInRoutes(service);
    service.get(target);
    return requestsInRoutes(service) == before;
  }

  static double requestsInRoutes(Service service) {
    return service
        .context()
        .getRegistry()
        .findSingleByType(MeterRegistry.class)
        .get("camel.exchanges.total")
        .tag("routeId", "request")
        .counter()
        .count();
  }

  /** Removes the headers in which two forwarded responses may differ. */
  static String comparable(String answer) {
    return answer.replaceAll(
        "(?im)^(x-ratelimit-\\w+|x-request-id|x-github-request-id|cache-status: .*fwd=).*\\r\\n",
        "");
  }
}
