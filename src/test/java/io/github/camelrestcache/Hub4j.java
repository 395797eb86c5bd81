package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.Recorded;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.BeforeAll;
import org.kohsuke.github.GitHub;
import org.kohsuke.github.GitHubBuilder;
import org.kohsuke.github.connector.GitHubConnector;
import org.kohsuke.github.connector.GitHubConnectorRequest;
import org.kohsuke.github.connector.GitHubConnectorResponse;

/** The client github-api, whose exchanges with the service are recorded. */
@SuppressWarnings("try") // the handle of an override is only closed
abstract class Hub4j extends OneService {
  static final String TOKEN = "a-developers-token";
  static final String README = "# Netflix/zuul\n\nRead me – naïve café ☁️.\n";

  /** An exchange as the client saw it; the Cache-Status is null if the service did not answer. */
  record Exchange(String url, int status, String cacheStatus) {}

  final Queue<Exchange> exchanges = new ConcurrentLinkedQueue<>();

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().build().start();
    github.addToken(TOKEN, "a-developer", "repo");
    service = Service.start(github).ready();
  }

  static GitHubBuilder client() {
    return new GitHubBuilder().withEndpoint(service.url("")).withOAuthToken(TOKEN);
  }

  /** A client whose exchanges over the default connector are recorded from now on. */
  GitHub observed() throws IOException {
    GitHub observed = client().withConnector(this::observe).build(); // reads the owner of the token
    exchanges.clear();
    return observed;
  }

  GitHubConnectorResponse observe(GitHubConnectorRequest request) throws IOException {
    String url = request.url().toString();
    if (!request.url().getHost().equals("127.0.0.1")) {
      exchanges.add(new Exchange(url, 0, null));
      throw new IOException("leaves this machine: " + url);
    }
    GitHubConnectorResponse answer = GitHubConnector.DEFAULT.send(request);
    exchanges.add(new Exchange(url, answer.statusCode(), answer.header("Cache-Status")));
    return answer;
  }

  void assertAllServedByTheService(int requests) {
    assertThat(exchanges)
        .hasSize(requests)
        .allSatisfy(
            each -> {
              assertThat(each.url()).startsWith(service.url("/"));
              assertThat(each.cacheStatus()).startsWith("camel-rest-cache; ");
            });
  }

  void assertAllHits() {
    assertThat(exchanges)
        .allSatisfy(each -> assertThat(each.cacheStatus()).startsWith("camel-rest-cache; hit;"));
  }

  static void answerTogether(
      int all, Queue<Runnable> held, Recorded request, HttpServerRequest exchange) {
    held.add(() -> github.answer(request, exchange));
    if (held.size() == all) {
      held.forEach(Runnable::run);
    }
  }
}
