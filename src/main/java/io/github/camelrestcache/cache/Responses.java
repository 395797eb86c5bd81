package io.github.camelrestcache.cache;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.cache.Places.Place;
import io.github.camelrestcache.store.Changes;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.RedisConnection;
import io.github.camelrestcache.upstream.UpstreamRequest;
import io.github.camelrestcache.upstream.UpstreamUrls;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.camel.Variable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.RedisCallback;

/**
 * The stored responses in Redis, shared by all instances. A key is a hash of the credential, the
 * target and the media type. If a request has other fields that {@code Vary} names, its response is
 * at a key with their values, and the first key has at least their names. An unreadable value
 * counts as absent. Without Redis nothing is stored, and reads go to GitHub.
 */
public final class Responses {

  private static final Logger LOG = LoggerFactory.getLogger(Responses.class);

  /** The maximum time that a response is kept. */
  static final Duration LONGEST = Duration.ofDays(30);

  /** The minimum time that a stale response is kept for validation. */
  static final Duration STALE = Duration.ofDays(1);

  /** How long GitHub's installation tokens live, which begin with {@code ghs_}. */
  private static final Duration INSTALLATION_TOKEN = Duration.ofHours(1);

  private static final byte[] NONE = {};

  private final RedisConnection redis;
  private final HttpCache cache;
  private final Places places;
  private final Scopes scopes;
  private final Purges purges;
  private final MeterRegistry meters;
  private final String prefix;
  private final String form;
  private final Duration stale;
  private final AtomicBoolean failing = new AtomicBoolean();

  public Responses(
      RedisConnection redis,
      Keys keys,
      HttpCache cache,
      Places places,
      Scopes scopes,
      Purges purges,
      UpstreamUrls urls,
      Settings settings,
      MeterRegistry meters) {
    this.redis = redis;
    this.cache = cache;
    this.places = places;
    this.scopes = scopes;
    this.purges = purges;
    this.meters = meters;
    prefix = keys.of("forward:");
    form = urls.form();
    Duration ifError = settings.forwarding().staleIfError();
    stale = ifError.compareTo(STALE) > 0 ? ifError : STALE;
  }

  /** What is stored for a request. */
  public Found look(
      @Variable("request") ClientRequest client, @Variable("ask") UpstreamRequest ask) {
    Place place = places.of(ask.path());
    Directives wanted = Directives.ofRequest(ask.fields());
    if (!ask.isCached() || wanted.has("no-store")) {
      return Found.nothing(place);
    }
    long looked = System.nanoTime();
    Changes.Stamp stamp = scopes.stamp(place, ask.credential());
    String purge = purges.mark(place.path());
    String key = key(ask);
    try {
      List<Object> values =
          scopes.look(
              place,
              !wanted.has("only-if-cached"),
              connection ->
                  connection
                      .stringCommands()
                      .getRange(key.getBytes(UTF_8), 0, HttpCache.SMALL - 1));
      if (values == null) {
        return Found.nothing(place);
      }
      Scopes.Version now = (Scopes.Version) values.get(0);
      Scopes.Version version = new Scopes.Version(now.purge() + purge, now.mark(), now.isNew());
      StoredResponse response = read(client, key, (byte[]) values.get(1));
      Set<String> names = response == null ? Set.of() : response.names();
      if (response != null && !response.isSelectedBy(ask.fields())) {
        HttpFields selecting = StoredResponse.selecting(names, ask.fields());
        response = read(client, variantKey(key, selecting), null);
      }
      boolean isUsable =
          response != null
              && response.version().purge().equals(version.purge())
              && response.isSelectedBy(ask.fields());
      Counter.builder("restcache.redis.reads")
          .description("Reads of answers to forwarded requests")
          .tag("result", isUsable ? "hit" : "miss")
          .register(meters)
          .increment();
      return new Found(key, place, version, stamp, names, isUsable ? response : null, looked);
    } catch (DataAccessException e) {
      failed(e);
      return Found.nothing(place);
    }
  }

  /**
   * Stores the answer if it is to be kept, and removes what it makes obsolete.
   *
   * @return whether it is stored
   */
  public boolean keep(
      @Variable("ask") UpstreamRequest ask,
      @Variable("found") Found found,
      @Variable("use") Use use,
      @Variable("answer") Answer answer) {
    boolean isObsolete = cache.isObsolete(use, answer);
    if (!answer.isKept() && !isObsolete) {
      return false;
    }
    try {
      if (isObsolete) {
        redis.delete(key(found, found.response()));
        return false;
      }
      boolean isStored = write(ask, found, answer.response());
      failing.set(false);
      return isStored;
    } catch (DataAccessException e) {
      failed(e);
      return false;
    } finally {
      scopes.changed(found.place());
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
      byte[] variants = isListed ? null : response.variants().toBytes();
      scopes.keep(
          found.place(),
          found.version(),
          connection -> {
            connection.stringCommands().pSetEx(key.getBytes(UTF_8), kept.toMillis(), value);
            if (variants != null) {
              connection
                  .stringCommands()
                  .pSetEx(found.key().getBytes(UTF_8), kept.toMillis(), variants);
            }
            return null;
          });
      return true;
    } catch (IOException e) {
      LOG.debug("An answer to {} has too long a field to be stored", ask.path());
      return false;
    }
  }

  private Duration timeToLive(UpstreamRequest ask, StoredResponse response) {
    Duration kept = Duration.ofSeconds(cache.freshness(ask, response).lifetime()).plus(stale);
    String credential = ask.fields().get("Authorization");
    Duration most =
        credential != null && credential.contains("ghs_") ? INSTALLATION_TOKEN : LONGEST;
    return kept.compareTo(most) > 0 ? most : kept;
  }

  private String key(UpstreamRequest ask) {
    HttpFields fields = ask.fields();
    StringBuilder key = new StringBuilder(ask.credential());
    key.append('\n').append(form).append('\n').append(ask.target());
    for (String name : List.of("X-GitHub-Api-Version", "Accept")) {
      String value = fields.get(name);
      key.append('\n').append(value == null ? "" : "=" + value);
    }
    return prefix + Hash.of(key.toString());
  }

  /** The key of a response of the resource. */
  private String key(Found found, StoredResponse response) {
    return response.isUsual() ? found.key() : variantKey(found.key(), response.selecting());
  }

  private String variantKey(String key, HttpFields selecting) {
    return prefix + Hash.of(key + selecting.all());
  }

  /**
   * Reads a response.
   *
   * @param begin the beginning of its value, or null if it has not been read
   */
  private StoredResponse read(ClientRequest client, String key, byte[] begin) {
    byte[] value = begin;
    if (begin == null) {
      value =
          redis.execute(
              (RedisCallback<byte[]>)
                  connection ->
                      connection
                          .stringCommands()
                          .getRange(key.getBytes(UTF_8), 0, HttpCache.SMALL - 1));
    }
    if (value.length == HttpCache.SMALL) {
      // it may be large: the rest is read only if there is room for it
      HttpCache.reserve(client, redis.opsForValue().size(key));
      // not GET, whose timeout is for small values
      Object whole = redis.opsForValue().multiGet(List.of(key)).get(0);
      value = (byte[]) Objects.requireNonNullElse(whole, NONE);
    }
    return StoredResponse.of(value);
  }

  /** Logs a failure, unless the connection has logged its cause. */
  private void failed(DataAccessException e) {
    if (redis.trouble() == null && failing.compareAndSet(false, true)) {
      LOG.warn(
          "Forwarded reads are not cached, because Redis fails: {}",
          String.valueOf(e.getMostSpecificCause().getMessage()).lines().findFirst().orElse(""));
    }
  }
}
