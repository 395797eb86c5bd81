package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which requests stored answers are for, and which stored answers are used. */
class StoredRequestsTest extends StoredHttp {
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
}
