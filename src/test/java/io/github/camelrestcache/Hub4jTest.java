package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.Recorded;
import io.vertx.core.http.HttpServerRequest;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import okhttp3.Cache;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import org.apache.commons.io.IOUtils;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kohsuke.github.GHContent;
import org.kohsuke.github.GHFileNotFoundException;
import org.kohsuke.github.GHIssue;
import org.kohsuke.github.GHIssueState;
import org.kohsuke.github.GHRepository;
import org.kohsuke.github.GHUser;
import org.kohsuke.github.GitHub;
import org.kohsuke.github.GitHubBuilder;
import org.kohsuke.github.HttpException;
import org.kohsuke.github.MarkdownMode;
import org.kohsuke.github.PagedIterable;
import org.kohsuke.github.connector.GitHubConnector;
import org.kohsuke.github.connector.GitHubConnectorRequest;
import org.kohsuke.github.connector.GitHubConnectorResponse;
import org.kohsuke.github.extras.okhttp3.OkHttpGitHubConnector;

/** The client library org.kohsuke:github-api works with this service as its endpoint. */
@Timeout(120)
@SuppressWarnings("try") // the handle of an override is only closed
class Hub4jTest {

  private static final String TOKEN = "a-developers-token";
  private static final String README = "# Netflix/zuul\n\nRead me – naïve café ☁️.\n";

  private static GitHubStandIn github;
  private static Service service;

  /** An exchange as the client saw it; the Cache-Status is null if the service did not answer. */
  private record Exchange(String url, int status, String cacheStatus) {}

  private final Queue<Exchange> exchanges = new ConcurrentLinkedQueue<>();

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().build().start();
    github.addToken(TOKEN, "a-developer", "repo");
    service = Service.start(github).ready();
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  @BeforeEach
  void forget() {
    github.clearRequests();
  }

  private static GitHubBuilder client() {
    return new GitHubBuilder().withEndpoint(service.url("")).withOAuthToken(TOKEN);
  }

  /** A client whose exchanges over the default connector are recorded from now on. */
  private GitHub observed() throws IOException {
    GitHub observed = client().withConnector(this::observe).build(); // reads the owner of the token
    exchanges.clear();
    return observed;
  }

  private GitHubConnectorResponse observe(GitHubConnectorRequest request) throws IOException {
    String url = request.url().toString();
    if (!request.url().getHost().equals("127.0.0.1")) {
      exchanges.add(new Exchange(url, 0, null));
      throw new IOException("leaves this machine: " + url);
    }
    GitHubConnectorResponse answer = GitHubConnector.DEFAULT.send(request);
    exchanges.add(new Exchange(url, answer.statusCode(), answer.header("Cache-Status")));
    return answer;
  }

  private void assertAllServedByTheService(int requests) {
    assertThat(exchanges)
        .hasSize(requests)
        .allSatisfy(
            each -> {
              assertThat(each.url()).startsWith(service.url("/"));
              assertThat(each.cacheStatus()).startsWith("camel-rest-cache; ");
            });
  }

  private void assertAllHits() {
    assertThat(exchanges)
        .allSatisfy(each -> assertThat(each.cacheStatus()).startsWith("camel-rest-cache; hit;"));
  }

  // connecting

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

  // pages

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

  // validators

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

  // errors

  @Test
  void badTokenThrowsHttpException() throws IOException {
    GitHub client = client().withOAuthToken("revoked").build();
    assertThatThrownBy(client::getMyself)
        .asInstanceOf(type(HttpException.class))
        .satisfies(
            failed -> {
              assertThat(failed.getResponseCode()).isEqualTo(401);
              assertThat(failed).hasMessageContaining("\"message\":\"Bad credentials\"");
            });
  }

  @Test
  void missingRepositoryThrowsFileNotFound() throws IOException {
    assertThatThrownBy(() -> client().build().getRepository("Netflix/no-such-thing"))
        .isInstanceOf(GHFileNotFoundException.class)
        .isInstanceOf(FileNotFoundException.class)
        .hasMessageContaining("\"message\":\"Not Found\"");
  }

  @Test
  void issueWithoutTitleThrowsHttpException() throws IOException {
    GHRepository zuul = client().build().getRepository("Netflix/zuul");
    Map<String, String> refusals = new HashMap<>();
    refusals.put(null, "\\\"title\\\" wasn't supplied.");
    refusals.put("", "\"code\":\"missing_field\"");
    refusals.forEach(
        (title, message) ->
            assertThatThrownBy(() -> zuul.createIssue(title).body("text").create())
                .asInstanceOf(type(HttpException.class))
                .satisfies(
                    failed -> {
                      assertThat(failed.getResponseCode()).isEqualTo(422);
                      assertThat(failed).hasMessageContaining(message);
                    }));
  }

  // redirects

  @Test
  void renamedRepositoryIsFound() throws IOException {
    GHRepository found = observed().getRepository("Netflix/old-name");
    assertThat(found.getFullName()).isEqualTo("Netflix/" + github.repositoryNames().get(0));
    assertThat(exchanges).extracting(Exchange::status).containsExactly(301, 200);
    assertAllServedByTheService(2);
    assertThat(exchanges)
        .extracting(Exchange::url)
        .containsExactly(
            service.url("/repos/Netflix/old-name"), service.url("/repositories/" + found.getId()));
    assertThat(github.requests())
        .allSatisfy(
            seen -> assertThat(seen.headers("Authorization")).containsExactly("token " + TOKEN));
  }

  // media types

  @Test
  void rawContentIsServedByteForByte() throws IOException {
    GHRepository zuul = client().build().getRepository("Netflix/zuul");
    GHContent readme = zuul.getReadme();
    github.clearRequests();
    try (InputStream raw = zuul.readBlob(readme.getSha())) {
      assertThat(raw.readAllBytes()).isEqualTo(README.getBytes(StandardCharsets.UTF_8));
    }
    assertThat(github.requests())
        .singleElement()
        .satisfies(
            seen ->
                assertThat(seen.headers("Accept")).containsExactly("application/vnd.github.raw"));
    try (InputStream decoded = zuul.getFileContent("README.md").read()) {
      assertThat(decoded.readAllBytes()).isEqualTo(README.getBytes(StandardCharsets.UTF_8));
    }
  }

  @Test
  void htmlIsServedUnchanged() throws IOException {
    GHRepository zuul = client().build().getRepository("Netflix/zuul");
    try (Reader html = zuul.renderMarkdown("naïve <café> & ☁️", MarkdownMode.GFM)) {
      assertThat(IOUtils.toString(html)).isEqualTo("<p>naïve &lt;café&gt; &amp; ☁️</p>");
    }
  }

  // writes

  @Test
  void issueIsOpenedEditedClosedAndListed() throws IOException {
    GHRepository eureka = client().build().getRepository("Netflix/eureka");
    GHIssue opened = eureka.createIssue("A tïtle").body("A bödy ☁️").create();
    assertThat(opened.getState()).isEqualTo(GHIssueState.OPEN);
    assertThat(opened.getUser().getLogin()).isEqualTo("a-developer");
    GHIssue listed = eureka.getIssues(GHIssueState.OPEN).get(0);
    assertThat(listed.getNumber()).isEqualTo(opened.getNumber());
    assertThat(listed.getTitle()).isEqualTo("A tïtle");
    assertThat(listed.getBody()).isEqualTo("A bödy ☁️");
    opened.setTitle("Another title");
    opened.close();
    assertThat(eureka.getIssues(GHIssueState.OPEN))
        .extracting(GHIssue::getNumber)
        .isNotEmpty()
        .doesNotContain(opened.getNumber());
    assertThat(eureka.getIssues(GHIssueState.CLOSED))
        .singleElement()
        .satisfies(
            closed -> {
              assertThat(closed.getNumber()).isEqualTo(opened.getNumber());
              assertThat(closed.getTitle()).isEqualTo("Another title");
              assertThat(closed.getBody()).isEqualTo("A bödy ☁️");
              assertThat(closed.getClosedAt()).isNotNull();
            });
  }

  // concurrency

  @Test
  void concurrentRequestsGetTheirOwnResponses() throws Exception {
    int clients = 50;
    GitHub client = observed();
    List<String> names = github.repositoryNames().subList(100, 100 + clients);
    Queue<Runnable> held = new ConcurrentLinkedQueue<>();
    ExecutorService threads = Executors.newFixedThreadPool(clients);
    // no request is answered before all have arrived
    try (GitHubStandIn.Handle handle =
        github.override(
            request -> request.path().startsWith("/repos/"),
            (request, exchange) -> answerTogether(clients, held, request, exchange))) {
      List<Future<String>> found = new ArrayList<>();
      for (String name : names) {
        found.add(threads.submit(() -> client.getRepository("Netflix/" + name).getName()));
      }
      for (int i = 0; i < clients; i++) {
        assertThat(found.get(i).get(30, TimeUnit.SECONDS)).isEqualTo(names.get(i));
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(github.maxInFlight()).isEqualTo(clients);
    assertAllServedByTheService(clients);
  }

  private static void answerTogether(
      int all, Queue<Runnable> held, Recorded request, HttpServerRequest exchange) {
    held.add(() -> github.answer(request, exchange));
    if (held.size() == all) {
      held.forEach(Runnable::run);
    }
  }

  // limitation: URLs in bodies are not rewritten

  @Test
  void urlsInBodiesLeadToGitHub() throws IOException {
    GHUser member = observed().getOrganization("Netflix").listMembers().toList().get(0);
    exchanges.clear();
    assertThatThrownBy(member::getName).isInstanceOf(IOException.class);
    assertThat(exchanges)
        .extracting(Exchange::url)
        .containsExactly("https://api.github.com/users/member-1");
  }
}
