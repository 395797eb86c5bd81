package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
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
import org.apache.commons.io.IOUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kohsuke.github.GHContent;
import org.kohsuke.github.GHFileNotFoundException;
import org.kohsuke.github.GHIssue;
import org.kohsuke.github.GHIssueState;
import org.kohsuke.github.GHRepository;
import org.kohsuke.github.GHUser;
import org.kohsuke.github.GitHub;
import org.kohsuke.github.HttpException;
import org.kohsuke.github.MarkdownMode;

/** What the client github-api reads and writes through the service. */
@Timeout(120)
@SuppressWarnings("try") // the handle of an override is only closed
class Hub4jForwardTest extends Hub4j {
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
