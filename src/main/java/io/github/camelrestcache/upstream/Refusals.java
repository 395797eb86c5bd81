package io.github.camelrestcache.upstream;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.benmanes.caffeine.cache.Cache;
import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.HttpDates;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.RequestId;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.RedisConnection;
import io.github.camelrestcache.store.RedisConnection.Command;
import io.lettuce.core.KeyValue;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.camel.Variable;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.message.BasicClassicHttpResponse;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.script.RedisScript;

/**
 * GitHub's refusals because of limits ({@link LimitKind}). All instances repeat a refusal until it
 * ends, and do not ask GitHub.
 *
 * <p>In Redis, a refusal ends with its time to live, so that no clocks are compared. A copy in
 * memory works without Redis.
 */
public final class Refusals {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern OF_ONE_ANSWER =
      Pattern.compile("(?i)date|age|etag|set-cookie|transfer-encoding|content-(length|encoding)");

  /** The first wait for a limit without a time; the longest is 32 times that. */
  private static final Duration FIRST_WAIT = Duration.ofMinutes(1);

  /** How long the writes of a credential are spaced after a limit of content creation. */
  private static final Duration SPACED = Duration.ofMinutes(5);

  /**
   * Takes the next turn, unless that is later than so many milliseconds. Answers with the
   * milliseconds until then, and 0 if the writes of the credential are not spaced.
   */
  private static final RedisScript<Long> TURN =
      RedisScript.of(
          """
          local next = redis.call('GET', KEYS[1])
          if not next then return 0 end
          local time = redis.call('TIME')
          local now = time[1] * 1000 + math.floor(time[2] / 1000)
          local wait = math.max(0, tonumber(next) - now)
          if wait <= tonumber(ARGV[1]) then
            local left = redis.call('PTTL', KEYS[1])
            redis.call('SET', KEYS[1], string.format('%.0f', now + wait + 1000), 'PX', left)
          end
          return wait
          """,
          Long.class);

  /** A refusal as received, and its end in milliseconds since 1970 by the local clock. */
  private record Refusal(int status, Map<String, String> fields, String content, long until) {}

  private final Cache<String, Refusal> refusals = RateLimits.memory(Duration.ofHours(1));

  /** Keys that Redis did not have a moment ago. */
  private final Cache<String, Boolean> absent = RateLimits.memory(Duration.ofMillis(100));

  private final RedisConnection redis;
  private final RateLimits limits;
  private final String prefix;
  private final Duration most;
  private final Executor workers;

  /**
   * @param most the maximum wait for the turn of a write
   * @param workers continues the requests that waited
   */
  public Refusals(
      RedisConnection redis, Keys keys, RateLimits limits, Duration most, Executor workers) {
    this.redis = redis;
    this.limits = limits;
    prefix = keys.of("limit:");
    this.most = most;
    this.workers = workers;
  }

  /**
   * Records a refusal, whose limit has been noted, for as long as it says. If it does not say, that
   * is a minute, doubled for each refusal in a row.
   */
  synchronized void refused(
      UpstreamRequest ask, LimitKind kind, int status, HttpFields response, String content) {
    String name = key(ask, kind);
    if (inForce(List.of(name)) != null) {
      return; // answers a request that was in flight at that refusal
    }
    Map<String, String> fields = RateLimits.fields(response, "");
    boolean isPrimary = kind == LimitKind.PRIMARY;
    Duration said = isPrimary ? Limit.wait(fields::get) : Limit.retryAfter(fields::get);
    Duration wait = said == null ? untold(name + ":in-a-row") : said;
    fields.keySet().removeIf(field -> OF_ONE_ANSWER.matcher(field).matches());
    if (kind == LimitKind.CONTENT_CREATION) {
      write(writes(ask), 0, wait.plus(SPACED));
    }
    if (wait.toMillis() > 0) {
      boolean isRest = isPrimary || status != 200; // of GraphQL, REST would take it for a success
      String message = isPrimary ? "API" : "You have exceeded a secondary";
      String plain = "{\"message\":\"%s rate limit exceeded\"}".formatted(message);
      Refusal refusal =
          new Refusal(
              isRest ? status : 403,
              fields,
              isRest && !content.isEmpty() ? content : plain,
              System.currentTimeMillis() + wait.toMillis());
      refusals.put(name, refusal);
      write(name, refusal, wait);
    }
  }

  private String key(UpstreamRequest ask, LimitKind kind) {
    String of =
        switch (kind) {
          case PRIMARY -> limits.resource(ask);
          case SECONDARY -> "secondary";
          case CONTENT_CREATION -> "content-creation";
        };
    return prefix + "{" + ask.credential() + "}:" + of + ":refusal";
  }

  /**
   * The keys of the refusals that apply to a request. Most requests to GraphQL are queries, which
   * only the content tells, so that a limit of content creation does not apply to them.
   */
  public List<String> keys(UpstreamRequest ask) {
    List<String> keys = new ArrayList<>();
    keys.add(key(ask, LimitKind.SECONDARY));
    keys.add(key(ask, LimitKind.PRIMARY));
    if (isContentCreation(ask)) {
      keys.add(key(ask, LimitKind.CONTENT_CREATION));
    }
    return keys;
  }

  private static boolean isContentCreation(UpstreamRequest ask) {
    return ask.isUnsafe() && !Limit.guessed(ask.path()).equals("graphql");
  }

  /** The command that reads the refusals at these {@link #keys}. */
  public static Command read(List<String> keys) {
    byte[][] names = keys.stream().map(key -> key.getBytes(UTF_8)).toArray(byte[][]::new);
    return to -> to.mget(names);
  }

  /**
   * Notes the answer to {@link #read}, so that absent refusals are not read again for the request.
   */
  @SuppressWarnings("unchecked")
  public void looked(List<String> keys, Object answer) {
    var values = (List<KeyValue<byte[], byte[]>>) answer;
    for (int i = 0; i < keys.size(); i++) {
      if (!values.get(i).hasValue()) {
        absent.put(keys.get(i), true);
      }
    }
  }

  /** How long a refusal without a time lasts: twice as long each time in a row. */
  private Duration untold(String name) {
    Long before = read(name, Long.class);
    long inARow = before == null ? 0 : before;
    Duration wait = FIRST_WAIT.multipliedBy(1L << Math.min(5, inARow));
    write(name, inARow + 1, wait.multipliedBy(2));
    return wait;
  }

  /** The refusal that is in force for a request, or null. */
  ClassicHttpResponse refusal(UpstreamRequest ask) {
    Refusal refusal = ask.path().equals("/rate_limit") ? null : inForce(keys(ask));
    if (refusal == null) {
      return null;
    }
    long seconds = (refusal.until() - System.currentTimeMillis() + 999) / 1000;
    ClassicHttpResponse response = new BasicClassicHttpResponse(refusal.status());
    refusal.fields().forEach(response::addHeader);
    response.setHeader("Retry-After", Long.toString(seconds));
    response.setHeader("Date", HttpDates.format(Instant.now()));
    response.setEntity(new ByteArrayEntity(refusal.content().getBytes(UTF_8), null));
    return response;
  }

  /** The first refusal at these keys in memory or in Redis, or null. */
  private Refusal inForce(List<String> names) {
    for (String name : names) {
      Refusal here = refusals.getIfPresent(name);
      if (here != null && here.until() > System.currentTimeMillis()) {
        return here;
      }
    }
    List<String> unknown =
        names.stream().filter(name -> absent.getIfPresent(name) == null).toList();
    try {
      if (!unknown.isEmpty()) {
        looked(unknown, redis.together(read(unknown)).get(0));
      }
      for (String name : unknown) {
        Refusal shared = absent.getIfPresent(name) == null ? read(name, Refusal.class) : null;
        Long left = shared == null ? null : redis.getExpire(name, TimeUnit.MILLISECONDS);
        if (left != null && left > 0) {
          long until = System.currentTimeMillis() + left;
          Refusal now = new Refusal(shared.status(), shared.fields(), shared.content(), until);
          refusals.put(name, now);
          return now;
        }
      }
    } catch (DataAccessException e) {
      // memory has told what it knows
    }
    return null;
  }

  private void write(String name, Object value, Duration kept) {
    try {
      redis.opsForValue().set(name, JSON.writeValueAsBytes(value), kept);
    } catch (IOException | DataAccessException e) {
      // this instance has it in memory
    }
  }

  /** The value in Redis, or null if it is missing or unreadable or Redis does not answer. */
  private <T> T read(String name, Class<T> type) {
    try {
      byte[] value = (byte[]) redis.opsForValue().get(name);
      return value == null ? null : JSON.readValue(value, type);
    } catch (IOException | DataAccessException e) {
      return null;
    }
  }

  /**
   * Waits for the turn of a write, without a thread: after a limit of content creation, a second
   * after the write before it of the same credential, on any instance ("Best practices for using
   * the REST API"). Without Redis, writes are not spaced.
   *
   * @throws Problem 503 if that would take longer than {@code COLD_WAIT}
   */
  public CompletableFuture<Void> awaitTurn(
      @Variable("request") ClientRequest client, @Variable("ask") UpstreamRequest ask) {
    long wait = isContentCreation(ask) && inForce(keys(ask)) == null ? turn(ask) : 0;
    if (wait > most.toMillis()) {
      throw Problem.busy("GitHub limits content creation, and many writes wait for their turn")
          .retryAfter(Duration.ofMillis(wait));
    }
    return wait == 0
        ? CompletableFuture.completedFuture(null)
        : CompletableFuture.runAsync(
            () -> RequestId.inLog(client.id()),
            CompletableFuture.delayedExecutor(wait, TimeUnit.MILLISECONDS, workers));
  }

  private long turn(UpstreamRequest ask) {
    try {
      return redis.run(TURN, writes(ask), most.toMillis());
    } catch (DataAccessException e) {
      return 0;
    }
  }

  private String writes(UpstreamRequest ask) {
    return prefix + "{" + ask.credential() + "}:writes";
  }
}
