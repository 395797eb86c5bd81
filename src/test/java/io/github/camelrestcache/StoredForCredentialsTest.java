package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.net.http.HttpResponse;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Who gets the stored answer of a cached endpoint, by STORED_FOR_CREDENTIALS. */
class StoredForCredentialsTest extends OneService {

  private static final String PATH = "/orgs/Netflix";
  private static final String STORED = "hit; ttl=";
  private static final String FORWARDED = "fwd=uri-miss; fwd-status=200; stored";

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    github.addToken("alices-token", "alice");
    github.addToken("bobs-token", "bob");
    service =
        Service.start(github, Map.of("stored.for.credentials", "forward", "refresh.interval", "1h"))
            .ready();
  }

  private static HttpResponse<String> get(Service service, String target, String caller) {
    return caller == null
        ? service.get(target)
        : service.get(target, "Authorization", "Bearer " + caller);
  }

  private static String way(HttpResponse<String> answer) {
    return answer.headers().firstValue("Cache-Status").orElse("");
  }

  @Test
  void callersWithCredentialsGetGitHubsAnswerFromTheirOwnPartition() {
    assertThat(way(get(service, PATH, null))).contains(STORED);
    for (String caller : new String[] {"alices-token", "bobs-token"}) {
      assertThat(way(get(service, PATH, caller))).as(caller).contains(FORWARDED);
      assertThat(way(get(service, PATH, caller))).as(caller).contains("hit");
      assertThat(github.requests())
          .filteredOn(each -> ("Bearer " + caller).equals(each.header("Authorization")))
          .as(caller)
          .hasSize(1);
    }
    assertThat(way(get(service, PATH, null))).contains(STORED);
  }

  @Test
  void listsHaveGitHubsPagesForCallersWithCredentials() {
    String repos = "/orgs/Netflix/repos";
    assertThat(get(service, repos, null).headers().firstValue("Link")).isEmpty();
    assertThat(get(service, repos, "alices-token").headers().firstValue("Link")).isPresent();
    assertThat(way(get(service, repos + "?page=1", "bobs-token"))).contains(FORWARDED);
  }

  @Test
  void viewsAreServedToEverybody() {
    assertThat(get(service, "/view/top/3/stars", "alices-token").statusCode()).isEqualTo(200);
    assertThat(github.requests()).isEmpty();
  }

  @Test
  void storedAnswerIsForEverybodyByDefault() {
    try (Service usual = Service.start(github, Map.of("refresh.interval", "1h")).ready()) {
      github.clearRequests();
      for (String caller : new String[] {null, "alices-token", "bobs-token"}) {
        assertThat(way(get(usual, PATH, caller))).contains(STORED);
      }
      assertThat(github.requests()).isEmpty();
    }
  }
}
