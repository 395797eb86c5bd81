package io.github.camelrestcache.standin;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.camelrestcache.standin.Call.Caller;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Plays the GitHub REST API for one organization on 127.0.0.1, over HTTP/1.1 and without TLS.
 *
 * <p>Its data is the same in every run. Bodies name https://api.github.com in their URLs; the
 * headers Link and Location name the host that the client used. Every method may be called from any
 * thread and at any time, before {@link #start()} too; only {@link #override} has more conditions.
 */
public final class GitHubStandIn implements AutoCloseable {
  /** Takes something back; closing it again does nothing. */
  public interface Handle extends AutoCloseable {
    @Override
    void close();
  }

  private record Rule(Predicate<Recorded> when, BiConsumer<Recorded, HttpServerRequest> answer) {}

  private final StandInBuilder settings;
  private final Journal journal = new Journal();
  private final List<Rule> overrides = new CopyOnWriteArrayList<>();
  private volatile GitHubApi api;
  private volatile int port;
  private Vertx vertx;

  GitHubStandIn(StandInBuilder settings) {
    this.settings = settings;
    this.port = settings.port;
    reset();
  }

  /** Returns a builder with the defaults. */
  public static StandInBuilder builder() {
    return new StandInBuilder();
  }

  /**
   * Listens. After {@link #close()} it listens on the same port again, with the data as it was.
   *
   * @return this
   * @throws CompletionException when the port is taken
   */
  public synchronized GitHubStandIn start() {
    if (vertx != null) {
      return this;
    }
    VertxOptions one = new VertxOptions().setEventLoopPoolSize(1);
    one.getFileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false);
    vertx = Vertx.vertx(one);
    HttpServerOptions options =
        new HttpServerOptions()
            .setHost("127.0.0.1")
            .setPort(port)
            .setHttp2ClearTextEnabled(false)
            .setHandle100ContinueAutomatically(true)
            .setIdleTimeout((int) settings.idleTimeout.toMillis())
            .setIdleTimeoutUnit(TimeUnit.MILLISECONDS);
    HttpServer server = vertx.createHttpServer(options);
    server.requestHandler(request -> journal.receive(request, this::dispatch));
    try {
      port = server.listen().toCompletionStage().toCompletableFuture().join().actualPort();
    } catch (CompletionException taken) {
      close();
      throw taken;
    }
    return this;
  }

  /** Stops listening and cuts all connections, those that wait for an answer too. */
  @Override
  public synchronized void close() {
    if (vertx != null) {
      vertx.close().toCompletionStage().toCompletableFuture().join();
      vertx = null;
      clearRequests();
    }
  }

  /** Returns the address, such as {@code http://127.0.0.1:40001}, without a slash at its end. */
  public String url() {
    if (port == 0) {
      throw new IllegalStateException("Not started, so no port yet");
    }
    return "http://127.0.0.1:" + port;
  }

  /**
   * Returns to the state after building: the first data, no tokens, full rate limits, no secondary
   * limit, no overrides, no recorded requests. Connections stay open.
   */
  public void reset() {
    api =
        new GitHubApi(
            new GitHubData(settings.org, settings.repositories, settings.members),
            new Budgets(settings.anonymousLimit, settings.tokenLimit));
    overrides.clear();
    journal.clear();
  }

  /** Returns the requests as they were complete: the newest 20,000, or 64 MB of bodies. */
  public List<Recorded> requests() {
    return journal.requests();
  }

  /** Returns how many requests were received since the last clear, those dropped included. */
  public long requestCount() {
    return journal.count();
  }

  /** Forgets the recorded requests, and sets {@link #maxInFlight()} to {@link #inFlight()}. */
  public void clearRequests() {
    journal.clear();
  }

  /** Returns how many requests have begun and are neither answered nor cut off yet. */
  public int inFlight() {
    return journal.inFlight();
  }

  /** Returns the highest {@link #inFlight()} since the last clear. */
  public int maxInFlight() {
    return journal.maxInFlight();
  }

  /** Returns a copy of a repository's JSON. The name is taken in any case, here and below. */
  public ObjectNode repository(String name) {
    return api.data.known(name).json();
  }

  /** Returns the names of all repositories in the order in which GitHub lists them. */
  public List<String> repositoryNames() {
    return api.data.names();
  }

  /**
   * Changes the fields of a repository by the given code. Its Last-Modified becomes now, and its
   * path stays. A repository whose field {@code private} is true exists only for tokens with the
   * scope "repo".
   */
  public void updateRepository(String name, Consumer<ObjectNode> change) {
    api.data.change(name, change);
  }

  /** Removes a repository with its issues. */
  public void removeRepository(String name) {
    api.data.remove(name);
  }

  /** Adds a repository at the end of the list. */
  public void addRepository(String name) {
    api.data.add(name);
  }

  /** Makes a token known. Without scopes it is a fine-grained one. */
  public void addToken(String token, String login, String... scopes) {
    api.tokens.put(token, new Caller(token, login, List.of(scopes), List.of()));
  }

  /**
   * Adds a fine-grained token that may read private repositories. Answers to it name the
   * permissions, such as {@code contents=read}.
   */
  public void addFineGrainedToken(String token, String login, String... permissions) {
    api.tokens.put(token, new Caller(token, login, List.of(), List.of(permissions)));
  }

  /** Makes a token unknown, as when it is revoked. */
  public void removeToken(String token) {
    api.tokens.remove(token);
  }

  /** Returns the GitHub Apps, of which there are none at first. */
  public AppTokens apps() {
    return api.apps;
  }

  /** Leaves every caller {@code remaining} requests of each resource for the next hour. */
  public void budget(int remaining) {
    budget(remaining, Duration.ofHours(1));
  }

  /** Leaves every caller {@code remaining} requests of each resource, and resets after a time. */
  public void budget(int remaining, Duration untilReset) {
    api.budgets.leave(null, remaining, untilReset);
  }

  /** Leaves every caller {@code remaining} requests of one resource, such as {@code graphql}. */
  public void budget(String resource, int remaining, Duration untilReset) {
    api.budgets.leave(resource, remaining, untilReset);
  }

  /** Refuses all requests but /rate_limit, with this Retry-After in seconds; 0 ends that. */
  public void secondaryLimit(int retryAfterSeconds) {
    limit(SecondaryLimit.REQUESTS, retryAfterSeconds);
  }

  /**
   * Refuses the requests that a secondary limit stops.
   *
   * @param retryAfterSeconds its Retry-After; below 0 it has none, and 0 ends the limit
   */
  public void limit(SecondaryLimit limit, int retryAfterSeconds) {
    api.limit(limit, retryAfterSeconds);
  }

  /**
   * Answers some requests by the given code. If several overrides match, the newest one answers.
   *
   * <p>The code runs on the event loop after the body has arrived, and must not block. It may
   * answer later, from any thread, or never. If it throws an exception, the answer is 500. {@code
   * request.connection().close()} cuts the connection, and {@link #answer} gives the usual answer
   * after all.
   *
   * @return takes the override back; requests that it has begun to answer are not affected
   */
  public Handle override(Predicate<Recorded> when, BiConsumer<Recorded, HttpServerRequest> answer) {
    Rule rule = new Rule(when, answer);
    overrides.add(0, rule);
    return () -> overrides.remove(rule);
  }

  /**
   * Gives the usual answer. Fields that the response already has stay as they are. For overrides
   * that delay or extend an answer.
   */
  public void answer(Recorded recorded, HttpServerRequest request) {
    String host = recorded.header("Host");
    Answer answer = api.answer(recorded, host == null ? url() : "http://" + host);
    HttpServerResponse response = request.response().setStatusCode(answer.status());
    MultiMap given = MultiMap.caseInsensitiveMultiMap().addAll(response.headers());
    answer.headers().stream()
        .filter(line -> !given.contains(line.getKey()))
        .forEach(line -> response.headers().add(line.getKey(), line.getValue()));
    boolean bare = answer.content() == null || recorded.method().equals("HEAD");
    response.end(bare ? Buffer.buffer() : Buffer.buffer(answer.content().bytes));
  }

  private void dispatch(Recorded recorded, HttpServerRequest request) {
    try {
      overrides.stream()
          .filter(rule -> rule.when().test(recorded))
          .findFirst()
          .map(Rule::answer)
          .orElse(this::answer)
          .accept(recorded, request);
    } catch (RuntimeException | AssertionError failed) {
      if (!request.response().headWritten()) {
        request.response().setStatusCode(500).end("The stand-in failed: " + failed);
      } else {
        request.connection().close();
      }
    }
  }
}
