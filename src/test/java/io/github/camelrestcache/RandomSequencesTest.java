package io.github.camelrestcache;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.cache.Purges;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.standin.Recorded;
import io.vertx.core.http.HttpServerRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random reads, writes, events, purges, expiries, failures and restarts, by two credentials and
 * none, through two instances. No caller gets bytes of another. No answer is older than the last
 * change through the same instance, or than one through the other instance a second ago.
 */
@SuppressWarnings("try") // the handle of the override is only closed
class RandomSequencesTest {

  private static final List<String> CALLERS = List.of("alice", "bob", "anonymous");
  private static final List<String> REPOSITORIES = List.of("/repos/x/a", "/repos/x/b");
  private static final List<String> BELOW = List.of("", "/issues/7", "/pulls/7?page=2");
  private static final List<Integer> LIFETIMES = List.of(0, 1, 60);
  private static final long A_SECOND = TimeUnit.SECONDS.toNanos(1);

  /** A change that an instance has confirmed. */
  private record Change(int instance, String repository, int version, long confirmed) {}

  private final Map<String, AtomicInteger> versions = new ConcurrentHashMap<>();
  private final List<Change> changes = new CopyOnWriteArrayList<>();
  private final Set<String> ways = ConcurrentHashMap.newKeySet();
  private final Service[] instances = new Service[2];
  private OwnRedis redis;
  private GitHubStandIn github;

  private static String repository(String path) {
    return path.replaceFirst("^(/repos/x/[ab]).*", "$1");
  }

  private AtomicInteger version(String path) {
    return versions.computeIfAbsent(repository(path), each -> new AtomicInteger());
  }

  /** The answer of GitHub: caller, path and version; sometimes it fails. */
  private void answer(Random random, Recorded asked, HttpServerRequest request) {
    String token = asked.header("Authorization");
    String caller = token == null ? "anonymous" : token.replace("Bearer ", "");
    if (!asked.method().equals("GET")) {
      version(asked.path()).incrementAndGet();
      request.response().end("written");
      return;
    } else if (random.nextInt(4) == 0) {
      request.response().setStatusCode(503).end(caller + " failed");
      return;
    }
    int now = version(asked.path()).get();
    String tag = "\"%s-%d\"".formatted(caller, now);
    request.response().putHeader("ETag", tag).putHeader("Vary", "Accept, Authorization");
    request.response().putHeader("Cache-Control", "max-age=" + LIFETIMES.get(random.nextInt(3)));
    if (tag.equals(asked.header("If-None-Match"))) {
      request.response().setStatusCode(304).end();
    } else {
      request.response().end(caller + " " + asked.target() + " " + now);
    }
  }

  private void start(int instance) {
    instances[instance] =
        Service.start(
                github,
                Map.of("redis.url", redis.url(), "github.webhook.secret", WebhookTest.SECRET))
            .ready();
  }

  private void read(int instance, String caller, String target) {
    long began = System.nanoTime();
    String[] fields =
        caller.equals("anonymous")
            ? new String[0]
            : new String[] {"Authorization", "Bearer " + caller};
    HttpResponse<String> answer = instances[instance].get(target, fields);
    ways.add(answer.headers().firstValue("Cache-Status").orElse("none").replaceAll("\\d+", "n"));
    if (answer.statusCode() != 200) {
      return;
    }
    assertThat(answer.body()).startsWith(caller + " " + target + " ");
    int version = Integer.parseInt(answer.body().replaceFirst(".* ", ""));
    for (Change change : changes) {
      long since = began - change.confirmed();
      if (change.repository().equals(repository(target))
          && since > (change.instance() == instance ? 0 : A_SECOND)) {
        assertThat(version)
            .as("%s by %d, %s, %s", target, instance, answer.headers().map(), change)
            .isGreaterThanOrEqualTo(change.version());
      }
    }
  }

  private void change(int instance, String repository, Random random) {
    int version;
    if (random.nextBoolean()) {
      instances[instance].send("PATCH", repository + "/pulls/7");
      version = version(repository).get();
    } else {
      version = version(repository).incrementAndGet();
      byte[] event =
          "{\"repository\":{\"full_name\":\"%s\"}}"
              .formatted(repository.replace("/repos/", ""))
              .getBytes(UTF_8);
      List<String> headers =
          WebhookTest.headers("issues", "X-Hub-Signature-256", WebhookTest.sign(event));
      assertThat(WebhookTest.post(instances[instance], event, headers).statusCode()).isEqualTo(202);
    }
    changes.add(new Change(instance, repository, version, System.nanoTime()));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void noAnswerIsForeignOrOld(long seed) throws Exception {
    Random random = new Random(seed);
    github = GitHubStandIn.builder().limits(1_000_000, 1_000_000).build().start();
    redis = OwnRedis.start();
    ExecutorService readers = Executors.newFixedThreadPool(4);
    try (var answering =
        github.override(
            asked -> asked.path().startsWith("/repos/x/"),
            (asked, request) -> answer(random, asked, request))) {
      start(0);
      start(1);
      for (int round = 0; round < 150; round++) {
        List<Future<?>> reads = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
          int instance = random.nextInt(2);
          String caller = CALLERS.get(random.nextInt(3));
          String target = REPOSITORIES.get(random.nextInt(2)) + BELOW.get(random.nextInt(3));
          reads.add(readers.submit(() -> read(instance, caller, target)));
        }
        String repository = REPOSITORIES.get(random.nextInt(2));
        int instance = random.nextInt(2);
        switch (random.nextInt(12)) {
          case 0, 1 -> change(instance, repository, random);
          case 2 -> purge(instance, repository, random.nextBoolean());
          default -> {
            // reads only
          }
        }
        for (Future<?> each : reads) {
          each.get(30, TimeUnit.SECONDS);
        }
        if (round == 75) {
          instances[1].close();
          start(1);
        }
      }
    } finally {
      readers.shutdownNow();
      for (Service each : instances) {
        each.close();
      }
      redis.close();
      github.close();
    }
    assertThat(ways)
        .anyMatch(way -> way.contains("; hit"))
        .anyMatch(way -> way.contains("fwd=stale; fwd-status=n"))
        .anyMatch(way -> way.contains("stored"))
        .anyMatch(way -> way.contains("stale-if-error"));
  }

  private void purge(int instance, String repository, boolean below) {
    instances[instance]
        .context()
        .getRegistry()
        .findSingleByType(Purges.class)
        .purge(repository, below);
  }
}
