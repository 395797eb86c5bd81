package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.standin.Recorded;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import okhttp3.Cache;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kohsuke.github.GHIssue;
import org.kohsuke.github.GHIssueState;
import org.kohsuke.github.GHRepository;
import org.kohsuke.github.GHUser;
import org.kohsuke.github.GitHub;
import org.kohsuke.github.PagedIterable;
import org.kohsuke.github.extras.okhttp3.OkHttpGitHubConnector;

/** The client library org.kohsuke:github-api works with this service as its endpoint. */
@Timeout(120)
@SuppressWarnings("try") // the handle of an override is only closed
class Hub4jTest extends Hub4j {
  @Test
  void defaultConnectorAcceptsTheServiceAsGitHub() throws IOException {
    GitHub client = client().build();
    client.checkApiUrlValidity();
    assertThat(client.isOffline()).isFalse();
    assertThat(client.isAnonymous()).isFalse();
    assertThat(client.isCredentialValid()).isTrue();
    assertThat(client.getMyself().getLogin()).isEqualTo("a-developer");
    assertThat(client.getRateLimit().getCore().getLimit()).isEqualTo(5_000);
    assertThat(client.getOrganization("Netflix").getId()).isEqualTo(913_567);
    assertThat(github.requests())
        .extracting(Recorded::path)
        .contains("/rate_limit")
        .isSubsetOf("/user", "/rate_limit"); // everything else is cached
    assertThat(github.requests())
        .allSatisfy(
            seen -> {
              assertThat(seen.headers("Authorization")).containsExactly("token " + TOKEN);
              assertThat(seen.headers("X-GitHub-Api-Version")).containsExactly("2022-11-28");
              assertThat(seen.headers("Upgrade")).isEmpty(); // the HTTP/2 upgrade that it offers
            });
  }

  @Test
  void badTokenIsReportedAsInvalid() throws IOException {
    GitHub client = client().withOAuthToken("revoked").build();
    assertThat(client.isCredentialValid()).isFalse();
  }

  @Test
  void repositoriesArePaginatedInOrder() throws IOException {
    PagedIterable<GHRepository> pages = observed().getOrganization("Netflix").listRepositories(40);
    exchanges.clear();
    assertThat(pages.toList())
        .extracting(GHRepository::getName)
        .containsExactlyElementsOf(github.repositoryNames());
    assertAllServedByTheService(4);
    assertAllHits();
  }

  @Test
  void membersArePaginatedInOrder() throws IOException {
    PagedIterable<GHUser> pages =
        observed().getOrganization("Netflix").listMembers().withPageSize(5);
    exchanges.clear();
    assertThat(pages.toList())
        .extracting(GHUser::getLogin)
        .containsExactlyElementsOf(
            IntStream.rangeClosed(1, 12).mapToObj(i -> "member-" + i).toList());
    assertAllServedByTheService(3);
    assertAllHits();
  }

  @Test
  void pagesOfForwardedListComeThroughTheService() throws IOException {
    GHRepository zuul = observed().getRepository("Netflix/zuul");
    int open = zuul.getOpenIssueCount();
    exchanges.clear();
    List<GHIssue> issues = zuul.queryIssues().state(GHIssueState.ALL).pageSize(10).list().toList();
    assertThat(issues)
        .extracting(GHIssue::getNumber)
        .containsExactlyElementsOf(IntStream.range(0, open).mapToObj(i -> open - i).toList());
    assertAllServedByTheService((open + 9) / 10);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/repos/Netflix/zuul", "/orgs/Netflix/repos"})
  void unchangedResponseIs304(String path, @TempDir Path folder) throws IOException {
    List<Response> answers = new ArrayList<>();
    Cache cache = new Cache(folder.toFile(), 1 << 20);
    OkHttpClient http =
        new OkHttpClient.Builder()
            .cache(cache)
            .addNetworkInterceptor(
                chain -> {
                  answers.add(chain.proceed(chain.request()));
                  return answers.get(answers.size() - 1);
                })
            .build();
    GitHub client = client().withConnector(new OkHttpGitHubConnector(http)).build();
    List<String> seen = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      seen.add(
          path.startsWith("/repos")
              ? client.getRepository("Netflix/zuul").getFullName()
              : client.getOrganization("Netflix").listRepositories(50).iterator().next().getName());
    }
    assertThat(seen.get(1)).isEqualTo(seen.get(0));
    answers.removeIf(answer -> !answer.request().url().encodedPath().equals(path));
    assertThat(answers).extracting(Response::code).containsExactly(200, 304);
    String etag = answers.get(0).header("ETag");
    assertThat(etag).isNotBlank();
    assertThat(answers.get(1).request().header("If-None-Match")).isEqualTo(etag);
    assertThat(cache.hitCount()).isEqualTo(1);
    http.dispatcher().executorService().shutdown();
    http.connectionPool().evictAll();
    cache.close();
  }
}
