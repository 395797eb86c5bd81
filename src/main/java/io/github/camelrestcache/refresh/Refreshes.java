package io.github.camelrestcache.refresh;

import io.github.camelrestcache.ContextBean;
import io.github.camelrestcache.Settings;
import io.github.camelrestcache.catalog.BadConfiguration;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.http.HttpFields;
import io.github.camelrestcache.http.Problem;
import io.github.camelrestcache.store.Entry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.zip.GZIPInputStream;
import org.apache.camel.BindToRegistry;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.Header;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.Variable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The refreshes of this process: at most one of each endpoint at a time, shared by all who want it,
 * with growing pauses after failures; and the steps of one, for the route {@code fetch}.
 */
@BindToRegistry(value = "refreshes", initMethod = "start", destroyMethod = "stop")
public class Refreshes extends ContextBean {

  private static final Logger LOG = LoggerFactory.getLogger(Refreshes.class);
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(10);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(10);

  /** Why an endpoint failed last, how often in a row, and when it may be tried again. */
  record Failure(String reason, int inARow, Instant retryAt) {

    /** The reason without the words of the library in brackets, which differ from time to time. */
    String gist() {
      return reason.replaceFirst(" \\(.*", "");
    }
  }

  private final Map<String, CompletableFuture<Void>> running = new ConcurrentHashMap<>();

  /** Paths of which a caller found nothing: they are stored anew, whatever their stamp says. */
  private final Set<String> notFound = ConcurrentHashMap.newKeySet();

  private final Map<String, Failure> failures = new ConcurrentHashMap<>();
  private ProducerTemplate producer;
  private ExecutorService waiters;

  /** Prepares the threads that refreshes run on, and those that their waiters go on with. */
  public void start() {
    if (producer == null) {
      producer = context.createProducerTemplate();
      waiters = context.getExecutorServiceManager().newFixedThreadPool(this, "refreshed", 8);
    }
  }

  public void stop() throws IOException {
    if (producer != null) {
      producer.close();
      context.getExecutorServiceManager().shutdownNow(waiters);
      producer = null;
    }
  }

  /**
   * Refreshes for the timer: nothing to do while the endpoint backs off, and no failure of its own.
   */
  public CompletableFuture<Void> refresh(@Variable("endpoint") CachedEndpoint endpoint) {
    return pause(endpoint).isZero() || running.containsKey(endpoint.path())
        ? share(endpoint).handle((done, failure) -> null)
        : CompletableFuture.completedFuture(null);
  }

  /**
   * Refreshes for a caller who found nothing stored. It holds no thread while it waits.
   *
   * @return how the caller's request was met, in the words of RFC 9211
   * @throws Problem 503, at once while the endpoint backs off, or when it failed or takes too long
   */
  public CompletableFuture<String> await(@Variable("endpoint") CachedEndpoint endpoint) {
    String path = endpoint.path();
    CompletableFuture<Void> others = running.get(path);
    Failure failed = failures.get(path);
    if (others == null && failed != null && failed.retryAt().isAfter(Instant.now())) {
      throw notReady(path, failed.reason(), pause(endpoint));
    }
    notFound.add(path);
    CompletableFuture<Void> refresh = share(endpoint);
    return refresh
        .copy()
        .orTimeout(Settings.time(context, "cold.wait").toMillis(), TimeUnit.MILLISECONDS)
        .handleAsync(
            (done, failure) -> {
              if (failure != null) {
                throw notReady(path, reason(failure), pause(endpoint));
              }
              return "fwd=uri-miss; fwd-status=200; "
                  + (refresh == others ? "collapsed" : "stored");
            },
            waiters);
  }

  private static Problem notReady(String path, String reason, Duration wait) {
    return new Problem(
            503,
            "Not ready",
            "%s is not stored yet. %s. Try again after the time in Retry-After."
                .formatted(path, reason.replaceAll("\\.$", "")))
        .retryAfter(wait);
  }

  private CompletableFuture<Void> share(CachedEndpoint endpoint) {
    String path = endpoint.path();
    CompletableFuture<Void> mine = new CompletableFuture<>();
    CompletableFuture<Void> before = running.putIfAbsent(path, mine);
    if (before != null) {
      return before;
    }
    producer
        .asyncSend("direct:fetch", exchange -> exchange.setVariable("endpoint", endpoint))
        .whenComplete(
            (exchange, thrown) -> {
              Throwable failure = thrown != null ? thrown : exchange.getException();
              boolean news = note(endpoint, failure);
              if (failure == null) {
                mine.complete(null);
              } else {
                mine.completeExceptionally(failure);
              }
              running.remove(path);
              if (news) {
                tell(path, failure);
              }
            });
    return mine;
  }

  /** Remembers how a refresh ended; true if that is news. */
  private boolean note(CachedEndpoint endpoint, Throwable failure) {
    String path = endpoint.path();
    if (failure == null) {
      return failures.remove(path) != null;
    }
    Failure before = failures.get(path);
    int inARow = before == null ? 1 : before.inARow() + 1;
    Instant retryAt = Instant.now().plus(pauseAfter(inARow, endpoint.every()));
    if (failure instanceof RefreshFailed failed && failed.notBefore().isAfter(retryAt)) {
      retryAt = failed.notBefore();
    }
    return isNews(path, new Failure(reason(failure), inARow, retryAt));
  }

  private void tell(String path, Throwable failure) {
    if (failure == null) {
      LOG.info("{} is refreshed again", path);
      return;
    }
    List<String> missing = missing();
    LOG.warn(
        "{} is not refreshed: {}. {}",
        path,
        reason(failure),
        missing.isEmpty()
            ? "What is stored stays in place"
            : "Not stored yet: " + String.join(", ", missing));
  }

  /** Remembers a failure; true if no endpoint fails for this reason already. */
  private synchronized boolean isNews(String path, Failure failure) {
    boolean known = failures.values().stream().anyMatch(f -> f.gist().equals(failure.gist()));
    failures.put(path, failure);
    return !known;
  }

  /** The paths of which nothing is stored, as far as the store answers. */
  private List<String> missing() {
    Catalog catalog = context.getRegistry().findSingleByType(Catalog.class);
    return catalog.endpoints().stream()
        .filter(
            endpoint -> {
              Exchange stamp =
                  producer.request(
                      "direct:load-stamp", ask -> ask.setVariable("endpoint", endpoint));
              return !stamp.isFailed() && stamp.getMessage().getBody() == null;
            })
        .map(CachedEndpoint::path)
        .toList();
  }

  /** From the interval, but at most 10 s, doubling up to 10 minutes, a fifth more or less. */
  static Duration pauseAfter(int inARow, Duration every) {
    Duration first = every.compareTo(FIRST_PAUSE) < 0 ? every : FIRST_PAUSE;
    double millis = first.toMillis() * Math.pow(2, Math.min(inARow - 1, 30));
    double jitter = ThreadLocalRandom.current().nextDouble(0.8, 1.2);
    return Duration.ofMillis((long) (Math.min(millis, LONGEST_PAUSE.toMillis()) * jitter));
  }

  /** How long an endpoint still backs off; zero when it does not. */
  Duration pause(CachedEndpoint endpoint) {
    Failure failure = failures.get(endpoint.path());
    Duration left =
        failure == null ? Duration.ZERO : Duration.between(Instant.now(), failure.retryAt());
    return left.isNegative() ? Duration.ZERO : left;
  }

  /** What failed last at this path, in a sentence, or null when the last refresh was good. */
  public String failure(String path) {
    Failure failure = failures.get(path);
    return failure == null ? null : failure.reason();
  }

  private static String reason(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    if (cause instanceof RefreshFailed) {
      return cause.getMessage();
    }
    if (cause instanceof TimeoutException) {
      return "It is still being fetched";
    }
    Problem problem = Problem.of(cause);
    return problem == null
        ? "It failed: " + BadConfiguration.sentence(cause)
        : problem.getMessage().replaceFirst(":.*", "")
            + " ("
            + BadConfiguration.sentence(cause)
            + ")";
  }

  // the steps of a refresh

  /** No page yet. */
  public Pages pages(@Variable("endpoint") CachedEndpoint endpoint) {
    return new Pages(
        endpoint,
        URI.create(Settings.get(context, "github.api.url")),
        Settings.number(context, "refresh.max.pages"));
  }

  /** Adds the page that GitHub has answered. */
  public void add(
      @Variable("pages") Pages pages,
      @Header(Exchange.HTTP_RESPONSE_CODE) int status,
      @Variable("answered") HttpFields answered,
      @Body InputStream body)
      throws IOException {
    pages.add(status, answered, content(answered, body));
  }

  /** What is to be stored, beside what is stored now. */
  public Entry whole(
      @Variable("endpoint") CachedEndpoint endpoint,
      @Variable("pages") Pages pages,
      @Body Entry stored) {
    return pages.whole(notFound.remove(endpoint.path()) ? null : stored);
  }

  private static byte[] content(HttpFields answered, InputStream body) throws IOException {
    if (body == null) {
      return new byte[0];
    }
    byte[] content;
    try (body) {
      content = body.readAllBytes();
    }
    boolean gzip = "gzip".equalsIgnoreCase(answered.get("Content-Encoding"));
    try {
      return gzip ? new GZIPInputStream(new ByteArrayInputStream(content)).readAllBytes() : content;
    } catch (IOException e) {
      throw new RefreshFailed("GitHub answered with broken gzip (" + e.getMessage() + ")");
    }
  }
}
