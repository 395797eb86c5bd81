package io.github.camelrestcache.cache;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.RedisConnection;
import io.github.camelrestcache.store.RedisConnection.Command;
import io.github.camelrestcache.upstream.UpstreamRequest;
import io.github.camelrestcache.upstream.UpstreamResponse;
import io.lettuce.core.Range;
import io.lettuce.core.SetArgs;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.camel.Variable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;

/**
 * The stored responses in Redis, shared by all instances ({@link Lookup} finds them). A key is that
 * of the request. If a request has other fields that {@code Vary} names, its response is at a key
 * with their values, and the first key has at least their names. Without Redis nothing is stored,
 * and reads go to GitHub.
 */
public final class Responses {

  private static final Logger LOG = LoggerFactory.getLogger(Responses.class);

  /** The maximum time that a response is kept. */
  static final Duration LONGEST = Duration.ofDays(30);

  /** The minimum time that a stale response is kept for validation. */
  static final Duration STALE = Duration.ofDays(1);

  /** How long GitHub's installation tokens live, which begin with {@code ghs_}. */
  private static final Duration INSTALLATION_TOKEN = Duration.ofHours(1);

  private static final int MAX_AT_ONCE = 1_000;

  private final RedisConnection redis;
  private final HttpCache cache;
  private final Places places;
  private final Scopes scopes;
  private final String prefix;
  private final Duration stale;
  private final AtomicBoolean failing = new AtomicBoolean();

  public Responses(
      RedisConnection redis,
      Keys keys,
      HttpCache cache,
      Places places,
      Scopes scopes,
      Settings settings) {
    this.redis = redis;
    this.cache = cache;
    this.places = places;
    this.scopes = scopes;
    prefix = keys.of("forward:");
    Duration ifError = settings.forwarding().staleIfError();
    stale = ifError.compareTo(STALE) > 0 ? ifError : STALE;
  }

  /**
   * Keeps what GitHub's response says: stores the answer if it may be stored, removes what it makes
   * obsolete, and learns the names in its links.
   *
   * @return whether the answer is stored
   */
  public boolean keep(
      @Variable("ask") UpstreamRequest ask,
      @Variable("found") Found found,
      @Variable("use") Use use,
      @Variable("answered") UpstreamResponse answered,
      @Variable("answer") Answer answer) {
    if (answered.status() == 401 && ask.isOfOneCaller()) {
      revoke(ask);
    }
    places.learn(found, answered);
    boolean isObsolete = cache.isObsolete(use, answer);
    if (!answer.isKept() && !isObsolete) {
      return false;
    }
    boolean isStored = !isObsolete && write(ask, found, answer.response());
    boolean isReplaced = found.response() != null && answered.status() != 304;
    if (isObsolete || isReplaced && !isStored) {
      remove(key(found, found.response()));
    }
    if (isObsolete || isReplaced) {
      scopes.announce(found.place().path()); // after the change, for those who read again
    }
    return isStored;
  }

  private void remove(String key) {
    try {
      redis.delete(key); // a full Redis accepts it
    } catch (DataAccessException e) {
      failed(e);
    }
  }

  private boolean write(UpstreamRequest ask, Found found, StoredResponse response) {
    if (response.version().mark().isEmpty()) {
      return false; // Redis refuses writes
    }
    Duration kept = timeToLive(ask, response);
    String key = key(found, response);
    try {
      byte[] value = response.toBytes();
      boolean isListed = key.equals(found.key()) || found.names().equals(response.names());
      List<Command> commands = new ArrayList<>();
      SetArgs ends = SetArgs.Builder.px(kept);
      if (ask.isOfOneCaller()) {
        commands.addAll(listed(ask, key, kept)); // first, so that all that is stored is listed
      }
      commands.add(to -> to.set(key.getBytes(UTF_8), value, ends));
      if (!isListed) {
        byte[] names = response.variants().toBytes();
        commands.add(to -> to.set(found.key().getBytes(UTF_8), names, ends));
      }
      scopes.keep(found.place(), found.version(), commands);
      failing.set(false);
      return true;
    } catch (DataAccessException e) {
      failed(e);
      return false;
    } catch (IOException e) {
      LOG.debug("An answer to {} has too long a field to be stored", ask.path());
      return false;
    }
  }

  /** Lists a key by its credential, and removes the keys that have ended from the list. */
  private List<Command> listed(UpstreamRequest ask, String key, Duration kept) {
    byte[] list = listOf(ask);
    long now = System.currentTimeMillis();
    Duration most = mostKept(ask);
    return List.of(
        to -> to.zadd(list, (double) (now + kept.toMillis()), key.getBytes(UTF_8)),
        to -> to.zremrangebyscore(list, Range.create(0, now)),
        to -> to.pexpire(list, most));
  }

  private byte[] listOf(UpstreamRequest ask) {
    return (prefix + "of:" + ask.credential()).getBytes(UTF_8);
  }

  /** Removes all responses of a credential that GitHub does not accept any more. */
  private void revoke(UpstreamRequest ask) {
    try {
      byte[] list = listOf(ask);
      List<?> keys = (List<?>) redis.together(to -> to.zrange(list, 0, -1)).get(0);
      for (int from = 0; from < keys.size(); from += MAX_AT_ONCE) {
        int end = Math.min(keys.size(), from + MAX_AT_ONCE);
        byte[][] some = keys.subList(from, end).toArray(new byte[0][]);
        redis.together(to -> to.unlink(some), to -> to.zrem(list, some));
      }
      if (!keys.isEmpty()) {
        scopes.announce(ask.credential());
      }
    } catch (DataAccessException e) {
      failed(e);
    }
  }

  private Duration timeToLive(UpstreamRequest ask, StoredResponse response) {
    Duration kept = Duration.ofSeconds(cache.freshness(ask, response).lifetime()).plus(stale);
    Duration most = mostKept(ask);
    return kept.compareTo(most) > 0 ? most : kept;
  }

  private static Duration mostKept(UpstreamRequest ask) {
    return ask.isOfOneCaller() && ask.fields().get("Authorization").contains("ghs_")
        ? INSTALLATION_TOKEN
        : LONGEST;
  }

  /** The key of a response of the resource. */
  private String key(Found found, StoredResponse response) {
    return response.isUsual() ? found.key() : variantKey(found.key(), response.selecting());
  }

  /** The key of the response of a resource to requests with these fields. */
  String variantKey(String key, HttpFields selecting) {
    return prefix + Hash.of(key + selecting.all());
  }

  /** Logs a failure, unless the connection has logged its cause. */
  void failed(DataAccessException e) {
    if (redis.failure() == null && failing.compareAndSet(false, true)) {
      LOG.warn(
          "Forwarded reads are not cached, because Redis fails: {}",
          String.valueOf(e.getMostSpecificCause().getMessage()).lines().findFirst().orElse(""));
    }
  }
}
