package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
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
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP for cached endpoints: validators, conditions, codings, pages, and what is forwarded. */
class StoredHttpTest {

  private static final String REPOS = "/orgs/Netflix/repos";
  private static final String PAGE = REPOS + "?per_page=30&page=2";
  private static final String VIEW = "/view/top/5/stars";
  private static final String ISSUES = "/repos/Netflix/zuul/issues";
  private static final String ODD = "/repos/Netflix/odd/issues";
  private static final String NONE = "/repos/Netflix/none/issues";
  private static final int REPOSITORIES = 137;

  /** Items of every JSON type with unusual spacing; some have more bytes than characters. */
  private static final List<String> ODD_ITEMS =
      List.of(
          "{\"é\" : \"🚀],[\\\"\", \"n\":[1 , 2]}",
          "\"ü,\"",
          "-12.50e+3",
          "[ ]",
          "null",
          "\"\"",
          "true",
          "{\"last\":\"日本\"}");

  private static final String MORE =
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

  private static GitHubStandIn github;
  private static Service service;

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

  @ParameterizedTest
  @ValueSource(strings = {"/", "/orgs/Netflix", "/orgs/Netflix/members", REPOS, PAGE, VIEW})
  void hitHasValidatorsAndFreshness(String target) {
    HttpResponse<byte[]> answer = service.bytes("GET", target);

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(one(answer, "ETag")).matches("\"[0-9a-f]{32}(-30-2)?\"");
    assertThat(time(answer, "Date")).isBetween(Instant.now().minusSeconds(5), Instant.now());
    assertThat(time(answer, "Last-Modified")).isBeforeOrEqualTo(time(answer, "Date"));
    assertThat(one(answer, "Cache-Control")).isEqualTo("max-age=3600");
    assertThat(one(answer, "Vary")).isEqualTo("Accept-Encoding");
    assertThat(one(answer, "Access-Control-Expose-Headers")).contains("ETag", "Link");
    assertThat(one(answer, "Content-Length")).isEqualTo(Integer.toString(answer.body().length));
    assertThat(one(answer, "Cache-Status"))
        .isEqualTo("camel-rest-cache; hit; ttl=" + (3600 - Integer.parseInt(one(answer, "Age"))));
  }

  @ParameterizedTest
  @ValueSource(strings = {ISSUES, ISSUES + "?per_page=1", "/view/top/1/issues"})
  void maxAgeIsTheEndpointsInterval(String target) {
    assertThat(one(service.get(target), "Cache-Control")).isEqualTo("max-age=600");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/orgs/Netflix", REPOS, PAGE, VIEW})
  void matchingConditionIs304(String target) {
    HttpResponse<String> get = service.get(target);
    String tag = one(get, "ETag");
    Set<String> kept = new HashSet<>(get.headers().map().keySet());
    kept.removeAll(List.of("content-type", "content-length", "last-modified"));

    for (String[] condition :
        new String[][] {
          {"If-None-Match", tag},
          {"If-None-Match", "W/" + tag},
          {"If-None-Match", "*"},
          {"If-None-Match", " * "},
          {"If-None-Match", "\"a\", W/\"b, c\"," + tag + " , \"d\""},
          {"If-None-Match", "\"a\"", "If-None-Match", tag},
          {"If-None-Match", tag, "If-Modified-Since", "Sat, 01 Jan 2000 00:00:00 GMT"},
          {"If-Modified-Since", one(get, "Last-Modified")},
        }) {
      for (String method : List.of("GET", "HEAD")) {
        HttpResponse<String> answer = service.send(method, target, condition);

        assertThat(answer.statusCode()).as(Arrays.toString(condition)).isEqualTo(304);
        assertThat(answer.body()).isEmpty();
        assertThat(answer.headers().map().keySet()).isEqualTo(kept);
        for (String same : List.of("ETag", "Cache-Control", "Vary", "Link")) {
          assertThat(answer.headers().allValues(same)).isEqualTo(get.headers().allValues(same));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", REPOS, PAGE, VIEW})
  void nonMatchingConditionIs200(String target) {
    HttpResponse<String> get = service.get(target);
    String tag = one(get, "ETag");
    String modified = one(get, "Last-Modified");

    for (String[] condition :
        new String[][] {
          {"If-None-Match", "\"a\""},
          {"If-None-Match", tag.replace("\"", "")},
          {"If-None-Match", tag.replaceFirst("\"$", "-gzip\"")},
          {"If-None-Match", ""},
          {"If-None-Match", "\"*\""},
          {"If-None-Match", "\"a\"", "If-Modified-Since", modified},
          {"If-Modified-Since", date(time(get, "Last-Modified").minusSeconds(1))},
          {"If-Modified-Since", "yesterday"},
          {"If-Modified-Since", modified, "If-Modified-Since", modified},
          {"Range", "bytes=0-1"},
          {"Range", "bytes=0-1", "If-Range", tag},
          {"Cache-Control", "no-cache", "Pragma", "no-cache"},
        }) {
      HttpResponse<String> answer = service.get(target, condition);

      assertThat(answer.statusCode()).as(Arrays.toString(condition)).isEqualTo(200);
      assertThat(answer.body()).isEqualTo(get.body());
      assertThat(one(answer, "Cache-Status")).contains("; hit");
    }
  }

  @Test
  void ifModifiedSinceAcceptsAllDateFormats() {
    Instant modified = time(service.get(REPOS), "Last-Modified");
    for (String form :
        List.of(
            "EEE, dd MMM yyyy HH:mm:ss 'GMT'",
            "EEEE, dd-MMM-yy HH:mm:ss 'GMT'",
            "EEE MMM ppd HH:mm:ss yyyy")) {
      DateTimeFormatter format =
          DateTimeFormatter.ofPattern(form, Locale.US).withZone(ZoneOffset.UTC);
      for (int late : new int[] {0, 1, 3600}) {
        String since = format.format(modified.plusSeconds(late));
        assertThat(service.get(REPOS, "If-Modified-Since", since).statusCode()).isEqualTo(304);
      }
      String before = format.format(modified.minusSeconds(1));
      assertThat(service.get(REPOS, "If-Modified-Since", before).statusCode()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "HEAD"})
  void status304HasNoBodyAndNoFraming(String method) {
    String tag = one(service.get(REPOS), "ETag");

    String answer =
        RawHttp.request(
            service.port(), method + " " + REPOS + " HTTP/1.1", "Host: x", "If-None-Match: " + tag);

    assertThat(answer).startsWith("HTTP/1.1 304 ").endsWith("\r\n\r\n");
    assertThat(answer.toLowerCase(Locale.ROOT))
        .contains("\r\ndate: ")
        .doesNotContain("content-length", "transfer-encoding");
  }

  @ParameterizedTest
  @CsvSource({
    "/, gzip",
    "/, identity",
    "/orgs/Netflix/repos, gzip",
    "/orgs/Netflix/repos, identity",
    "/orgs/Netflix/repos?page=2, gzip",
    "/view/top/5/stars, gzip"
  })
  void headHasHeadersOfGet(String target, String coding) {
    HttpResponse<byte[]> get = service.bytes("GET", target, "Accept-Encoding", coding);
    HttpResponse<byte[]> head = service.bytes("HEAD", target, "Accept-Encoding", coding);

    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
    assertThat(one(head, "Content-Length")).isEqualTo(Integer.toString(get.body().length));
    assertThat(steady(head)).isEqualTo(steady(get));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/orgs/Netflix", "/orgs/Netflix/members", REPOS, NONE})
  void acceptedGzipIsServedWithItsOwnETag(String path) throws IOException {
    HttpResponse<byte[]> plain = service.bytes("GET", path);
    HttpResponse<byte[]> packed = service.bytes("GET", path, "Accept-Encoding", "gzip");

    assertThat(one(packed, "Content-Encoding")).isEqualTo("gzip");
    assertThat(one(packed, "Content-Type")).isEqualTo(one(plain, "Content-Type"));
    assertThat(plain.headers().firstValue("Content-Encoding")).isEmpty();
    assertThat(unpacked(packed.body())).isEqualTo(plain.body());
    assertThat(one(packed, "ETag")).isEqualTo(one(plain, "ETag").replaceFirst("\"$", "-gzip\""));
    for (String coding : List.of("gzip", "identity")) {
      boolean gzip = coding.equals("gzip");
      for (HttpResponse<byte[]> seen : List.of(plain, packed)) {
        int status =
            service
                .get(path, "Accept-Encoding", coding, "If-None-Match", one(seen, "ETag"))
                .statusCode();
        assertThat(status).isEqualTo(gzip == (seen == packed) ? 304 : 200);
      }
    }
  }

  @Test
  void storedGzipIsServedUnchanged() {
    Object stored = Stored.in(service).opsForHash().get(Stored.endpoint(github, NONE), "gzip");
    assertThat(service.bytes("GET", NONE, "Accept-Encoding", "gzip").body()).isEqualTo(stored);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gzip                         | true",
        "GZip                         | true",
        "x-gzip                       | true",
        "br, gzip, deflate            | true",
        "gzip;q=0.001                 | true",
        "gzip ; q=0.5                 | true",
        "*                            | true",
        "*;q=0.1                      | true",
        "gzip, identity               | true",
        "identity;q=0.5, gzip;q=0.5   | true",
        "gzip;q=0.2, identity;q=0     | true",
        "gzip, *;q=0                  | true",
        "identity;q=0                 | true",
        "br                           | false",
        "identity                     | false",
        "''                           | false",
        "gzip;q=0                     | false",
        "gzip;q=0.000                 | false",
        "gzip;Q=0                     | false",
        "x-gzip;q=0, *                | false",
        "gzip;q=0, *                  | false",
        "gzip;q=0.5, identity         | false",
        "gzip;q=0.5, *                | false",
        "gzip;q=x                     | false",
        "*;q=0                        | false",
        "gzip;q=0, identity;q=0       | false",
        "gzipped                      | false",
        ";                            | false",
      })
  void preferredContentCodingIsServed(String accepted, boolean gzip) {
    HttpResponse<byte[]> answer = service.bytes("GET", "/", "Accept-Encoding", accepted);

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().allValues("Content-Encoding"))
        .isEqualTo(gzip ? List.of("gzip") : List.of());
    assertThat(answer.body()[0]).isEqualTo(gzip ? (byte) 0x1f : (byte) '{');
    assertThat(one(answer, "Vary")).isEqualTo("Accept-Encoding");
  }

  @ParameterizedTest
  @CsvSource({
    "/orgs/Netflix/repos?per_page=30, 30",
    "/orgs/Netflix/repos?page=1, 30",
    "/orgs/Netflix/repos?per_page=1, 1",
    "/orgs/Netflix/repos?per_page=100&page=1, 100",
    "/repos/Netflix/odd/issues?per_page=3, 3"
  })
  void nextLinksCoverTheWholeList(String first, int perPage) {
    JsonNode whole = json(service.get(first.replaceFirst("\\?.*", "")));
    List<JsonNode> seen = new ArrayList<>();
    Set<String> tags = new HashSet<>();
    for (String target = first; target != null; ) {
      HttpResponse<String> page = service.get(target);
      assertThat(one(page, "Cache-Status")).contains("; hit");
      assertThat(tags.add(one(page, "ETag"))).as("a distinct ETag").isTrue();
      int left = whole.size() - seen.size();
      assertThat(json(page)).hasSize(Math.min(perPage, left));
      json(page).forEach(seen::add);
      String next = links(page).get("next");
      assertThat(next == null).isEqualTo(left <= perPage);
      target = next == null ? null : next.substring(service.url("").length());
    }
    assertThat(seen).containsExactlyElementsOf(whole);
  }

  @Test
  void linksEqualThoseOfGitHub() {
    String url = "<" + service.url(REPOS);
    assertThat(one(service.get(REPOS + "?per_page=30&page=1"), "Link"))
        .isEqualTo(
            url
                + "?per_page=30&page=2>; rel=\"next\", "
                + url
                + "?per_page=30&page=5>; rel=\"last\"");
    assertThat(one(service.get(PAGE), "Link"))
        .isEqualTo(
            String.join(
                ", ",
                url + "?per_page=30&page=1>; rel=\"prev\"",
                url + "?per_page=30&page=3>; rel=\"next\"",
                url + "?per_page=30&page=5>; rel=\"last\"",
                url + "?per_page=30&page=1>; rel=\"first\""));
    assertThat(one(service.get(REPOS + "?page=5"), "Link"))
        .isEqualTo(url + "?page=4>; rel=\"prev\", " + url + "?page=1>; rel=\"first\"");
    assertThat(one(service.get(REPOS + "?page=2&per_page=100"), "Link"))
        .isEqualTo(
            url
                + "?page=1&per_page=100>; rel=\"prev\", "
                + url
                + "?page=1&per_page=100>; rel=\"first\"");
    assertThat(one(service.get(REPOS + "?per_page=100"), "Link"))
        .contains("?per_page=100&page=2>; rel=\"next\"");
    assertThat(service.get("/orgs/Netflix/members?per_page=12").headers().firstValue("Link"))
        .isEmpty();
    assertThat(service.get(REPOS).headers().firstValue("Link")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "HEAD"})
  void linksBeginWithTheRequestsHost(String method) {
    String head = method + " " + PAGE + " HTTP/1.1";
    assertThat(RawHttp.request(service.port(), head, "Host: cache.example:8080"))
        .contains("<http://cache.example:8080" + REPOS + "?per_page=30&page=1>; rel=\"prev\"");
    assertThat(RawHttp.request(service.port(), head, "Host: [::1]"))
        .contains("<http://[::1]" + REPOS + "?per_page=30&page=1>; rel=\"prev\"");
    assertThat(RawHttp.request(service.port(), head, "Host:"))
        .contains("<" + REPOS + "?per_page=30&page=1>; rel=\"prev\"");
    assertThat(RawHttp.request(service.port(), head.replace("1.1", "1.0"), "Host: a>b"))
        .contains("<" + REPOS + "?per_page=30&page=1>; rel=\"prev\"");
    var redis = Stored.in(service);
    for (Object value : redis.opsForHash().entries(Stored.endpoint(github, REPOS)).values()) {
      assertThat(new String((byte[]) value, UTF_8)).doesNotContain("cache.example");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "per_page=30&page=5, 120, 17",
    "page=5, 120, 17",
    "per_page=100&page=2, 100, 37",
    "per_page=101, 0, 100",
    "per_page=99999999999999999999&page=2, 100, 37",
    "per_page=0, 0, 30",
    "per_page=-1, 0, 30",
    "per_page=abc&page=2, 30, 30",
    "per_page=, 0, 30",
    "per_page=007, 0, 7",
    "page=0, 0, 30",
    "page=-2, 0, 30",
    "page=abc, 0, 30",
    "page=1.5, 0, 30",
    "page=, 0, 30",
    "page=6, 137, 0",
    "page=2147483647, 137, 0",
    "page=99999999999999999999, 137, 0",
    "page=2147483647&per_page=100, 137, 0",
  })
  void pageParametersWorkAsAtGitHub(String query, int first, int count) {
    List<JsonNode> whole = new ArrayList<>();
    json(service.get(REPOS)).forEach(whole::add);

    HttpResponse<String> page = service.get(REPOS + "?" + query);

    assertThat(one(page, "Cache-Status")).contains("; hit");
    assertThat(json(page)).containsExactlyElementsOf(whole.subList(first, first + count));
    assertThat(one(page, "Content-Length"))
        .isEqualTo(Integer.toString(page.body().getBytes(UTF_8).length));
  }

  @Test
  void pageAfterTheLastIsEmptyWithLinksBack() {
    for (String query : List.of("page=6", "page=1000")) {
      HttpResponse<String> page = service.get(REPOS + "?" + query);
      assertThat(page.body()).isEqualTo("[]");
      assertThat(links(page))
          .isEqualTo(
              Map.of(
                  "prev", service.url(REPOS) + "?page=5",
                  "last", service.url(REPOS) + "?page=5",
                  "first", service.url(REPOS) + "?page=1"));
    }
    assertThat(service.get(NONE + "?page=1").body()).isEqualTo("[]");
    assertThat(service.get(NONE + "?page=1").headers().firstValue("Link")).isEmpty();
    assertThat(service.get(NONE + "?page=2").body()).isEqualTo("[]");
  }

  @Test
  void itemsOfAnyJsonTypeAreSliced() {
    assertThat(json(service.get(ODD))).hasSize(ODD_ITEMS.size());
    for (int page = 1; page <= ODD_ITEMS.size(); page++) {
      String item = service.get(ODD + "?per_page=1&page=" + page).body();
      assertThat(item.replaceFirst("^\\[\\s*", "[")).isEqualTo("[" + ODD_ITEMS.get(page - 1) + "]");
    }
    assertThat(service.get(ODD + "?per_page=8").body()).isEqualTo(service.get(ODD).body());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        REPOS + "?type=all",
        REPOS + "?sort=pushed&page=1",
        REPOS + "?per_page=30&direction=asc",
        REPOS + "?per_page=30&per_page=30",
        REPOS + "?page=1&page=2",
        REPOS + "?p%61ge=1",
        REPOS + "?page=%31",
        REPOS + "?page=+1",
        REPOS + "?page",
        REPOS + "?Page=1",
        REPOS + "?page%5B%5D=1",
        REPOS + "?&page=1",
        REPOS + "?page=1&",
        REPOS + "?page=1;per_page=2",
        REPOS + "??",
        "/?page=1",
        "/orgs/Netflix?per_page=5",
      })
  void otherQueriesAreForwarded(String target) {
    assertForwarded(target, "X-Other", "x");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "*/*",
        "application/*",
        "application/json",
        "APPLICATION/JSON",
        "application/vnd.github+json",
        "application/vnd.github.v3+json",
        "application/json; charset=utf-8",
        "application/vnd.github+json, application/json;q=0.9, */*;q=0.001",
        "application/json,, */*;q=1.000",
        "",
      })
  void requestAcceptingJsonIsAHit(String accepted) {
    for (String target : List.of("/", REPOS, PAGE)) {
      assertStored(target, "Accept", accepted);
    }
    assertStored(REPOS, "Accept", "application/json", "Accept", "*/*");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "text/html",
        "text/*",
        "application/xml",
        "application/vnd.github.raw+json",
        "application/vnd.github.html",
        "application/vnd.github.star+json",
        "application/vnd.github.v4+json",
        "application/json, text/html;q=0.1",
        "text/html, */*;q=0.8",
        "application/json;q=0",
        "application/json;q=0.0, */*",
        "*/*;q=nonsense",
        "application/json;a=\"b,c\"",
        "json",
        "*",
        ";",
      })
  void requestForAnotherMediaTypeIsForwarded(String accepted) {
    for (String target : List.of("/", REPOS, PAGE)) {
      assertForwarded(target, "Accept", accepted);
    }
    assertForwarded(REPOS, "Accept", "application/json", "Accept", accepted);
  }

  @Test
  void otherApiVersionIsForwarded() {
    assertStored(REPOS, "X-GitHub-Api-Version", "2022-11-28");
    assertForwarded(REPOS, "X-GitHub-Api-Version", "2026-03-10");
    assertForwarded(PAGE, "X-GitHub-Api-Version", "2026-03-10");
    assertForwarded("/", "X-GitHub-Api-Version", "nonsense");
    assertForwarded(
        "/", "X-GitHub-Api-Version", "2022-11-28", "X-GitHub-Api-Version", "2026-03-10");
  }

  @Test
  void emptyQueryIsIgnored() {
    assertThat(service.get(REPOS + "?").body()).isEqualTo(service.get(REPOS).body());
    assertStored("/?", "X-Other", "x");
  }

  @ParameterizedTest
  @CsvSource({"gzip, identity, ''", "gzip, gzip, ''", "pages, identity, ?page=2"})
  void hashWithoutRequestedFieldIsRefetched(String field, String coding, String query) {
    String target = REPOS + query;
    HttpResponse<byte[]> before = service.bytes("GET", target, "Accept-Encoding", coding);
    Stored.in(service).opsForHash().delete(Stored.endpoint(github, REPOS), field);
    Stored.forgetNear(service);

    HttpResponse<byte[]> answer = service.bytes("GET", target, "Accept-Encoding", coding);

    assertThat(one(answer, "Cache-Status")).contains("; stored");
    assertThat(answer.body()).isEqualTo(before.body());
    assertThat(one(answer, "ETag")).isEqualTo(one(before, "ETag"));
    assertThat(Stored.in(service).opsForHash().hasKey(Stored.endpoint(github, REPOS), field))
        .isTrue();
  }

  @Test
  void hashOfOlderFormatIsIgnored() {
    String key = Stored.endpoint(github, REPOS);
    String older = key.replaceFirst(":3:", ":2:");
    Map<String, Object> wrong =
        Map.of("version", "1".getBytes(UTF_8), "body", "[]".getBytes(UTF_8));
    Stored.in(service).opsForHash().putAll(older, wrong);
    Stored.in(service).delete(key);
    Stored.forgetNear(service);

    assertThat(json(service.get(REPOS))).hasSize(REPOSITORIES);
    assertThat(Stored.in(service).opsForHash().entries(older)).hasSize(2);
  }

  @Test
  void viewETagDependsOnRows() {
    String five = one(service.get(VIEW), "ETag");
    assertThat(one(service.get(VIEW), "ETag")).isEqualTo(five);
    assertThat(
            List.of(
                one(service.get("/view/bottom/5/stars"), "ETag"),
                one(service.get("/view/top/6/stars"), "ETag"),
                one(service.get("/view/top/5/forks"), "ETag")))
        .doesNotContain(five)
        .doesNotHaveDuplicates();
  }

  private static void assertStored(String target, String... headers) {
    HttpResponse<String> answer = marked(target, 0, headers);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(one(answer, "Cache-Status")).contains("; hit");
    assertThat(answer.body()).isEqualTo(service.get(target).body());
  }

  private static void assertForwarded(String target, String... headers) {
    HttpResponse<String> answer = marked(target, 1, headers);
    assertThat(one(answer, "Cache-Status")).contains("; fwd=");
  }

  /** Sends a request that the stand-in must receive unchanged this many times. */
  private static HttpResponse<String> marked(String target, int times, String... headers) {
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

  private static String one(HttpResponse<?> answer, String name) {
    List<String> values = answer.headers().allValues(name);
    assertThat(values).as(name).hasSize(1);
    return values.get(0);
  }

  private static Instant time(HttpResponse<?> answer, String name) {
    return ZonedDateTime.parse(one(answer, name), DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
  }

  private static String date(Instant time) {
    return DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US)
        .withZone(ZoneOffset.UTC)
        .format(time);
  }

  private static Map<String, String> links(HttpResponse<?> answer) {
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
  private static Map<String, List<String>> steady(HttpResponse<?> answer) {
    Map<String, List<String>> fields = new TreeMap<>(answer.headers().map());
    List.of("age", "date", "cache-status", "x-request-id")
        .forEach(name -> assertThat(fields.remove(name)).isNotNull());
    return fields;
  }

  private static byte[] unpacked(byte[] gzip) throws IOException {
    try (var in = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
      return in.readAllBytes();
    }
  }
}
