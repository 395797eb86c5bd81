package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.camelrestcache.standin.Recorded;
import io.github.camelrestcache.store.Near;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What refreshes change in the cached endpoints, as a client and Redis see it. */
class RefreshedEndpointsTest extends Endpoints {
  @Test
  void refreshFetchesHundredItemsPerPageWithServiceToken() {
    github.clearRequests();
    awaitRefreshes(REPOS, 2);

    List<Recorded> asked = github.requests();
    assertThat(asked)
        .extracting(Recorded::target)
        .contains(
            "/",
            "/orgs/Netflix",
            "/orgs/Netflix/members?per_page=100",
            "/orgs/Netflix/repos?per_page=100",
            "/organizations/913567/repos?per_page=100&page=2",
            "/organizations/913567/repos?per_page=100&page=3");
    assertThat(asked)
        .allSatisfy(
            page -> {
              assertThat(page.method()).isEqualTo("GET");
              assertThat(page.headers("Authorization")).containsExactly("Bearer service-token");
              assertThat(page.headers("User-Agent")).hasSize(1);
            });
  }

  @Test
  void changeIsServedAfterRefreshWithNewValidators() {
    String name = github.repositoryNames().get(240);
    HttpResponse<String> before = service.get(REPOS);
    HttpResponse<String> page = service.get(REPOS + "?page=1");
    String mark = UUID.randomUUID().toString();

    github.updateRepository(name, repository -> repository.put("description", mark));

    await().atMost(SOON).until(() -> service.get(REPOS).body().contains(mark));
    JsonNode served = json(service.get(REPOS)).get(240);
    assertThat(served).isEqualTo(github.repository(name));
    assertThat(lastModified(service.get(REPOS))).isAfter(lastModified(before));
    for (String coding : List.of("identity", "gzip")) {
      HttpResponse<String> after =
          service.get(REPOS, "Accept-Encoding", coding, "If-None-Match", tag(before));
      assertThat(after.statusCode()).isEqualTo(200);
      assertThat(tag(after)).isNotEqualTo(tag(before));
    }
    assertThat(tag(service.get(REPOS + "?page=1"))).isNotEqualTo(tag(page));
  }

  @Test
  void unchangedRefreshResetsAgeButKeepsValidators() {
    awaitRefreshes(REPOS, 1);
    HttpResponse<String> before = service.get(REPOS);

    awaitRefreshes(REPOS, 2);
    HttpResponse<String> after = service.get(REPOS);

    assertThat(after.body()).isEqualTo(before.body());
    assertThat(lastModified(after)).isEqualTo(lastModified(before));
    assertThat(tag(after)).isEqualTo(tag(before));
    assertThat(service.get(REPOS, "If-None-Match", tag(before)).statusCode()).isEqualTo(304);
    assertThat(Integer.parseInt(after.headers().firstValue("Age").orElseThrow()))
        .isLessThanOrEqualTo(2);
  }

  @Test
  void hashWithoutContentIsRefetched() {
    long before = firstPages(MEMBERS);
    Stored.in(service).opsForHash().delete(Stored.endpoint(github, MEMBERS), "gzip");
    service.context().getRegistry().findSingleByType(Near.class).clear();

    HttpResponse<String> answer = service.get(MEMBERS);

    assertThat(firstPages(MEMBERS)).isGreaterThan(before);

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(json(answer)).hasSize(12);
  }

  @Test
  void redisKeysHaveTheServicePrefix() {
    awaitRefreshes(REPOS, 1);
    service.get("/zen");

    assertThat(Stored.in(service).keys("*"))
        .hasSizeGreaterThanOrEqualTo(10)
        .allMatch(key -> key.startsWith("camel-rest-cache:"));
  }
}
