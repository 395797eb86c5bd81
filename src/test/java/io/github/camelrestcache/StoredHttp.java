package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.Recorded;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** Stored endpoints and views over HTTP. */
abstract class StoredHttp {
  static final String REPOS = "/orgs/Netflix/repos";
  static final String PAGE = REPOS + "?per_page=30&page=2";
  static final String VIEW = "/view/top/5/stars";
  static final String ISSUES = "/repos/Netflix/zuul/issues";
  static final String ODD = "/repos/Netflix/odd/issues";
  static final String NONE = "/repos/Netflix/none/issues";
  static final int REPOSITORIES = 137;

  /** Items of every JSON type with unusual spacing; some have more bytes than characters. */
  static final List<String> ODD_ITEMS =
      List.of(
          "{\"é\" : \"🚀],[\\\"\", \"n\":[1 , 2]}",
          "\"ü,\"",
          "-12.50e+3",
          "[ ]",
          "null",
          "\"\"",
          "true",
          "{\"last\":\"日本\"}");

  static final String MORE =
      """
      - route:
          id: zuul-issues
          description: The open issues of zuul.
          from:
            uri: kamelet:cached-endpoint
            parameters: { path: "/repos/{{github.org}}/zuul/issues", every: 10m }
            steps:
              - to: { uri: direct:refresh }
      - route:
          id: odd-issues
          description: A list of odd items.
          from:
            uri: kamelet:cached-endpoint
            parameters: { path: "/repos/{{github.org}}/odd/issues" }
            steps:
              - to: { uri: direct:refresh }
      - route:
          id: no-issues
          description: An empty list.
          from:
            uri: kamelet:cached-endpoint
            parameters: { path: "/repos/{{github.org}}/none/issues" }
            steps:
              - to: { uri: direct:refresh }
      - route:
          id: view-zuul-issues
          description: Issues of zuul, the newest first.
          from:
            uri: kamelet:ranked-view
            parameters: { view: issues, list: "/repos/{{github.org}}/zuul/issues", field: number, label: title }
            steps:
              - to: { uri: direct:rank }
      """;

  @TempDir private static Path folder;
  static GitHubStandIn github;
  static Service service;

  @BeforeAll
  static void start() throws IOException {
    github =
        GitHubStandIn.builder().repositories(REPOSITORIES).limits(100_000, 100_000).build().start();
    String second = github.url() + ODD + "?per_page=100&page=2";
    github.override(
        asked -> asked.path().equals(ODD),
        (asked, request) -> {
          boolean first = !asked.target().contains("page=2");
          if (first) {
            request.response().putHeader("Link", "<" + second + ">; rel=\"next\"");
          }
          List<String> items = first ? ODD_ITEMS.subList(0, 6) : ODD_ITEMS.subList(6, 8);
          request.response().end(" [\n" + String.join(" ,\t", items) + " ] \n");
        });
    github.override(
        asked -> asked.path().equals(NONE), (asked, request) -> request.response().end("[ ]"));
    service = Service.startWith(github, folder, MORE, Map.of("refresh.interval", "1h"));
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  static void assertStored(String target, String... headers) {
    HttpResponse<String> answer = marked(target, 0, headers);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(one(answer, "Cache-Status")).contains("; hit");
    assertThat(answer.body()).isEqualTo(service.get(target).body());
  }

  static void assertForwarded(String target, String... headers) {
    HttpResponse<String> answer = marked(target, 1, headers);
    assertThat(one(answer, "Cache-Status")).contains("; fwd=");
  }

  /** Sends a request that the stand-in must receive unchanged this many times. */
  static HttpResponse<String> marked(String target, int times, String... headers) {
    String mark = UUID.randomUUID().toString();
    List<String> all = new ArrayList<>(List.of(headers));
    all.addAll(List.of("X-Mark", mark));
    Stored.forgetForwarded(service);
    HttpResponse<String> answer = service.get(target, all.toArray(String[]::new));
    List<Recorded> asked =
        github.requests().stream().filter(each -> mark.equals(each.header("X-Mark"))).toList();
    assertThat(asked).as(target + " " + all).extracting(Recorded::target).hasSize(times);
    assertThat(asked).allMatch(each -> each.target().equals(target));
    return answer;
  }

  static String one(HttpResponse<?> answer, String name) {
    List<String> values = answer.headers().allValues(name);
    assertThat(values).as(name).hasSize(1);
    return values.get(0);
  }

  static Instant time(HttpResponse<?> answer, String name) {
    return ZonedDateTime.parse(one(answer, name), DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
  }

  static String date(Instant time) {
    return DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US)
        .withZone(ZoneOffset.UTC)
        .format(time);
  }

  static Map<String, String> links(HttpResponse<?> answer) {
    Map<String, String> links = new HashMap<>();
    for (String link : answer.headers().firstValue("Link").orElse("").split(", ")) {
      if (!link.isEmpty()) {
        String target = link.replaceFirst("^<([^>]*)>; rel=\"\\w+\"$", "$1");
        assertThat(links.put(link.replaceFirst(".*\"(\\w+)\"$", "$1"), target)).isNull();
      }
    }
    return links;
  }

  /** The headers that do not depend on the time or the request id. */
  static Map<String, List<String>> steady(HttpResponse<?> answer) {
    Map<String, List<String>> fields = new TreeMap<>(answer.headers().map());
    List.of("age", "date", "cache-status", "x-request-id")
        .forEach(name -> assertThat(fields.remove(name)).isNotNull());
    return fields;
  }

  static byte[] unpacked(byte[] gzip) throws IOException {
    try (var in = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
      return in.readAllBytes();
    }
  }
}
