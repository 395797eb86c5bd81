package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pages of stored lists are those of GitHub, with its links. */
class StoredPagesTest extends StoredHttp {
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
}
