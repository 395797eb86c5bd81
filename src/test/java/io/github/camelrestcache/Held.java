package io.github.camelrestcache;

import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** The requests below a path that GitHub has received and does not answer yet. */
final class Held implements AutoCloseable {

  private final Queue<HttpServerRequest> requests = new ConcurrentLinkedQueue<>();
  private final GitHubStandIn.Handle handle;

  private Held(GitHubStandIn github, String prefix) {
    handle =
        github.override(
            asked -> asked.path().startsWith(prefix), (asked, request) -> requests.add(request));
  }

  /** Holds all requests whose paths begin so. */
  static Held below(GitHubStandIn github, String prefix) {
    return new Held(github, prefix);
  }

  int size() {
    return requests.size();
  }

  /** Waits until this number of requests is held. */
  void awaitSize(int number) {
    await().atMost(Duration.ofSeconds(20)).until(() -> size() == number);
  }

  /** Answers the oldest request. */
  void releaseOne() {
    requests.remove().response().end("late");
  }

  /** Answers all requests that are held now. */
  void release() {
    for (HttpServerRequest each = requests.poll(); each != null; each = requests.poll()) {
      each.response().end("late");
    }
  }

  /** Answers all requests, and holds no more. */
  @Override
  public void close() {
    handle.close();
    release();
  }
}
