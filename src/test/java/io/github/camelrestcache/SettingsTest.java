package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.Recorded;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.embedded.RedisServer;

/** A service with non-default settings: GitHub Enterprise Server and a Redis with a password. */
class SettingsTest {

  private static final String BASE = "/api/v3";

  private static GitHubStandIn github;
  private static RedisServer redis;
  private static int redisPort;
  private static Service service;

  @BeforeAll
  static void start() throws IOException {
    github = GitHubStandIn.builder().org("acme").repositories(210).limits(9_000, 9_000).build();
    github.start();
    github.override(asked -> true, SettingsTest::belowBase);
    redisPort = Service.freePort();
    redis =
        RedisServer.newRedisServer()
            .port(redisPort)
            .bind("127.0.0.1")
            .setting("requirepass p@ss/w:rd")
            .setting("save \"\"")
            .build();
    redis.start();
    service =
        Service.start(
                github,
                Map.of(
                    "github.api.url", github.url() + BASE + "/",
                    "github.org", "acme",
                    "github.api.version", "2026-03-10",
                    "public.url", "https://cache.example/github/",
                    "redis.url", "redis://default:p%40ss%2Fw:rd@127.0.0.1:" + redisPort + "/3"))
            .ready();
  }

  @AfterAll
  static void stop() throws IOException {
    service.close();
    redis.stop();
    github.close();
  }

  @Test
  void refreshesKeepUpstreamBasePath() {
    assertThat(json(service.get("/orgs/acme/repos"))).hasSize(210);
    assertThat(json(service.get("/")).has("current_user_url")).isTrue();
    assertThat(github.requests())
        .extracting(Recorded::target)
        .contains(
            BASE + "/",
            BASE + "/orgs/acme",
            BASE + "/orgs/acme/repos?per_page=100",
            BASE + "/organizations/913567/repos?per_page=100&page=3")
        .allMatch(target -> target.startsWith(BASE + "/"));
  }

  @Test
  void forwardsKeepUpstreamBasePath() {
    assertThat(service.get("/zen").body()).isEqualTo("Keep it logically awesome.");
    assertThat(github.requests()).extracting(Recorded::target).contains(BASE + "/zen");
  }

  @Test
  void configuredOrganizationIsCached() {
    assertThat(json(service.get("/view/top/1/stars")).get(0).get(0).asText()).startsWith("acme/");
    assertThat(service.get("/orgs/acme").headers().firstValue("Cache-Status").orElse(""))
        .contains("; hit");
    assertThat(service.get("/orgs/Netflix").headers().firstValue("Cache-Status").orElse(""))
        .contains("; fwd=");
  }

  @Test
  void configuredApiVersionIsFetchedAndServed() {
    assertThat(github.requests())
        .filteredOn(asked -> asked.target().startsWith(BASE + "/orgs/acme/repos?"))
        .isNotEmpty()
        .allMatch(asked -> "2026-03-10".equals(asked.header("X-GitHub-Api-Version")));
    for (String path : new String[] {"/orgs/acme/repos", "/orgs/acme/repos?page=2"}) {
      assertThat(status(path, "2026-03-10")).contains("; hit");
      assertThat(status(path, "2022-11-28")).contains("; fwd=");
    }
  }

  private static String status(String path, String version) {
    HttpResponse<String> answer = service.get(path, "X-GitHub-Api-Version", version);
    return answer.headers().firstValue("Cache-Status").orElse("");
  }

  @Test
  void linksBeginWithPublicUrl() {
    String url = "<https://cache.example/github/orgs/acme/repos?page=";
    HttpResponse<String> page = service.get("/orgs/acme/repos?page=7");
    assertThat(page.headers().firstValue("Link"))
        .hasValue(url + "6>; rel=\"prev\", " + url + "1>; rel=\"first\"");
  }

  @Test
  void restartKeepsValidators() {
    Map<String, String> settings =
        Map.of(
            "github.api.url",
            github.url() + BASE,
            "github.org",
            "acme",
            "github.api.version",
            "2026-03-10",
            "redis.url",
            "redis://default:p%40ss%2Fw:rd@127.0.0.1:" + redisPort + "/4");
    Map<String, String> tags = new HashMap<>();
    for (int start = 1; start <= 2; start++) {
      try (Service restarted = Service.start(github, settings).ready()) {
        for (String target :
            new String[] {"/orgs/acme", "/orgs/acme/repos?page=2", "/view/top/5/stars"}) {
          for (String coding : new String[] {"identity", "gzip"}) {
            HttpResponse<String> answer = restarted.get(target, "Accept-Encoding", coding);
            String tag =
                answer.headers().firstValue("ETag").orElseThrow()
                    + answer.headers().firstValue("Last-Modified").orElseThrow();
            assertThat(tags.putIfAbsent(target + coding, tag)).isIn(tag, start == 1 ? null : tag);
          }
        }
      }
    }
  }

  @Test
  void redisUrlSetsPasswordAndDatabase() {
    try (Jedis all =
        new Jedis(
            new HostAndPort("127.0.0.1", redisPort),
            DefaultJedisClientConfig.builder().password("p@ss/w:rd").build())) {
      assertThat(all.dbSize()).isZero();
      all.select(3);
      assertThat(all.keys("camel-rest-cache:*")).hasSizeGreaterThanOrEqualTo(4);
    }
  }

  @Test
  void managementIsOnItsOwnPortOnly() {
    for (String path : new String[] {"/observe/health", "/observe/metrics", "/openapi.json"}) {
      HttpResponse<String> there =
          service.send(request -> request.uri(URI.create(service.managementUrl(path))));
      assertThat(there.statusCode()).as(path).isEqualTo(200);
      HttpResponse<String> here = service.get(path);
      assertThat(here.headers().firstValue("Cache-Status").orElse("")).contains("; fwd=");
      assertThat(here.body()).isNotEqualTo(there.body());
    }
    URI endpoint = URI.create(service.managementUrl("/orgs/acme"));
    assertThat(service.send(request -> request.uri(endpoint)).statusCode()).isEqualTo(404);
  }

  /** Plays GitHub Enterprise Server: all paths and links are below the base path. */
  private static void belowBase(Recorded asked, HttpServerRequest request) {
    int page = Integer.parseInt(asked.parameters().getOrDefault("page", "1"));
    boolean more = asked.path().endsWith("/repos") && page < 3;
    String url =
        github.url() + BASE + "/organizations/913567/repos?per_page=100&page=" + (page + 1);
    request.response().putHeader("Link", "<" + url + ">; rel=\"" + (more ? "next" : "x") + '"');
    String target =
        asked.target().startsWith(BASE + "/") ? asked.target().substring(BASE.length()) : "/none";
    github.answer(
        new Recorded(
            asked.method(),
            target,
            asked.headers(),
            asked.body(),
            asked.bodyLength(),
            asked.time()),
        request);
  }
}
