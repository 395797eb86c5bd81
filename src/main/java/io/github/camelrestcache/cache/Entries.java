package io.github.camelrestcache.cache;

import static io.github.camelrestcache.cache.Contents.SMALL;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.RedisConnection;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.apache.hc.client5.http.cache.HttpCacheCASOperation;
import org.apache.hc.client5.http.cache.HttpCacheEntry;
import org.apache.hc.client5.http.cache.HttpCacheStorage;
import org.apache.hc.client5.http.cache.HttpCacheStorageEntry;
import org.apache.hc.client5.http.cache.ResourceIOException;
import org.apache.hc.client5.http.impl.cache.CacheKeyGenerator;
import org.apache.hc.client5.http.impl.cache.HttpByteArrayCacheEntrySerializer;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.HttpRequest;
import org.apache.hc.core5.http.message.BasicHeader;
import org.apache.hc.core5.http.message.HeaderGroup;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.RedisCallback;
import org.springframework.data.redis.core.script.RedisScript;

/**
 * The stored answers in Redis, shared by all instances. A key is a hash that includes the version
 * of the path for purges ({@link Scopes}). A value has the text form of the library, without
 * request fields that no {@code Vary} names. An unreadable value counts as absent. Without Redis
 * nothing is stored, and reads go to GitHub.
 */
final class Entries implements HttpCacheStorage {

  private static final Logger LOG = LoggerFactory.getLogger(Entries.class);

  /** The maximum time that an entry is kept. */
  static final Duration LONGEST = Duration.ofDays(30);

  /** The minimum time that a stale entry is kept for revalidation. */
  static final Duration STALE = Duration.ofDays(1);

  private static final int MOST_TRIES = 20;

  private static final byte[] NONE = {};

  private static final HttpByteArrayCacheEntrySerializer TEXT =
      HttpByteArrayCacheEntrySerializer.INSTANCE;

  private static final RedisScript<Long> REPLACE =
      RedisScript.of(
          "if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end "
              + "redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) return 1",
          Long.class);

  private final RedisConnection redis;
  private final MeterRegistry meters;
  private final String prefix;
  private final Duration stale;
  private final Duration maxAge;
  private final AtomicBoolean failing = new AtomicBoolean();

  /** The request that this thread serves, which the library does not pass to its storage. */
  private final ThreadLocal<CacheRequest> served = new ThreadLocal<>();

  Entries(RedisConnection redis, Keys keys, Settings.Forwarding settings, MeterRegistry meters) {
    this.redis = redis;
    this.meters = meters;
    this.prefix = keys.of("forward:");
    Duration ifError = settings.staleIfError();
    this.stale = ifError.compareTo(STALE) > 0 ? ifError : STALE;
    this.maxAge = settings.maxAge();
  }

  @Override
  public HttpCacheEntry getEntry(String key) {
    HttpCacheEntry entry = entry(key, read(key));
    CacheRequest request = served.get();
    if (entry == null || entry.hasVariants() || request == null) {
      return entry;
    }
    request.forwarded.outdated =
        request.mark.isEmpty() || !request.mark.equals(KeptFields.value(entry, KeptFields.MARK));
    if (request.forwarded.outdated) {
      return withDirectives(entry, "max-age=0, no-cache");
    } else if (maxAge == null) {
      return entry;
    }
    long seconds = Math.min(maxAge.toSeconds(), Cacheability.lifetime(entry));
    return withDirectives(
        entry,
        KeptFields.value(entry, "Cache-Control")
            .replaceFirst("max-age=\\d+", "max-age=" + seconds)
            .replaceFirst("stale-while-revalidate=\\d+", "stale-while-revalidate=0"));
  }

  @Override
  public void putEntry(String key, HttpCacheEntry entry) throws ResourceIOException {
    byte[] value = value(key, entry);
    attempt(() -> redis.opsForValue().set(redisKey(key), value, timeToLive(entry)));
  }

  @Override
  public void removeEntry(String key) {
    attempt(() -> redis.delete(redisKey(key)));
  }

  /** Replaces an entry by compare-and-set. */
  @Override
  public void updateEntry(String key, HttpCacheCASOperation change) throws ResourceIOException {
    for (int tries = 0; tries < MOST_TRIES; tries++) {
      byte[] before = read(key);
      HttpCacheEntry entry = change.execute(entry(key, before));
      byte[] after = value(key, entry);
      byte[] seconds = Long.toString(timeToLive(entry).toSeconds()).getBytes(UTF_8);
      try {
        if (redis.execute(REPLACE, List.of(redisKey(key)), before, after, seconds) == 1) {
          return;
        }
      } catch (DataAccessException e) {
        lose();
        failed(e);
        return;
      }
      LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(1_000_000L << Math.min(tries, 5)));
    }
    lose();
  }

  /** Required by the interface; the library uses it for asynchronous clients only. */
  @Override
  public Map<String, HttpCacheEntry> getEntries(Collection<String> keys) {
    Map<String, HttpCacheEntry> entries = new HashMap<>();
    keys.forEach(key -> entries.put(key, getEntry(key)));
    entries.values().removeIf(Objects::isNull);
    return entries;
  }

  /** Removes only the entry that answers a request. */
  void forget(HttpHost host, HttpRequest request) {
    String key = CacheKeyGenerator.INSTANCE.generateKey(host, request);
    HttpCacheEntry root = getEntry(key);
    if (root != null && root.hasVariants()) {
      key = CacheKeyGenerator.INSTANCE.generateVariantKey(request, root) + key;
    }
    removeEntry(key);
  }

  /** Sets the request that this thread serves, which may be null. */
  void serve(CacheRequest request) {
    served.set(request);
  }

  private String redisKey(String key) {
    return prefix + Hash.of(key);
  }

  /** The stored value; empty if the key does not exist or Redis fails. */
  private byte[] read(String key) {
    String name = redisKey(key);
    try {
      byte[] value =
          redis.execute(
              (RedisCallback<byte[]>)
                  connection ->
                      connection.stringCommands().getRange(name.getBytes(UTF_8), 0, SMALL - 1));
      if (value.length == SMALL) {
        // it may be large: the rest is read only if there is room for it
        ClientRequest client = served.get() == null ? null : served.get().client;
        Contents.reserve(client, redis.opsForValue().size(name));
        // not GET, whose timeout is for small values
        Object whole = redis.opsForValue().multiGet(List.of(name)).get(0);
        value = (byte[]) Objects.requireNonNullElse(whole, NONE);
      }
      Counter.builder("restcache.redis.reads")
          .description("Reads of answers to forwarded requests")
          .tag("result", value.length == 0 ? "miss" : "hit")
          .register(meters)
          .increment();
      return value;
    } catch (DataAccessException e) {
      failed(e);
      return NONE;
    }
  }

  private void attempt(Runnable write) {
    try {
      write.run();
      failing.set(false);
    } catch (DataAccessException e) {
      lose();
      failed(e);
    }
  }

  private void lose() {
    if (served.get() != null) {
      served.get().forwarded.lost = true;
    }
  }

  /** Logs a failure, unless the connection has logged its cause. */
  void failed(DataAccessException e) {
    if (redis.trouble() == null && failing.compareAndSet(false, true)) {
      LOG.warn(
          "Forwarded reads are not cached, because Redis fails: {}",
          String.valueOf(e.getMostSpecificCause().getMessage()).lines().findFirst().orElse(""));
    }
  }

  private static HttpCacheEntry entry(String key, byte[] value) {
    if (value.length == 0) {
      return null;
    }
    try {
      HttpCacheStorageEntry stored = TEXT.deserialize(value);
      return stored.getKey().equals(key) ? stored.getContent() : null;
    } catch (ResourceIOException e) {
      return null;
    }
  }

  private byte[] value(String key, HttpCacheEntry entry) throws ResourceIOException {
    List<String> vary = CacheKeyGenerator.variantNames(entry);
    HeaderGroup named = new HeaderGroup();
    Stream.of(entry.requestHeaders().getHeaders())
        .filter(header -> vary.stream().anyMatch(header.getName()::equalsIgnoreCase))
        .forEach(named::addHeader);
    HeaderGroup fields = fields(entry);
    Forwarded forwarded = served.get() == null ? null : served.get().forwarded;
    if (forwarded != null
        && forwarded.shownDirectives != null
        && forwarded.shownDirectives.equals(KeptFields.value(entry, "Cache-Control"))) {
      fields.setHeader(new BasicHeader("Cache-Control", forwarded.storedDirectives));
    }
    return TEXT.serialize(new HttpCacheStorageEntry(key, with(entry, named, fields)));
  }

  private static HeaderGroup fields(HttpCacheEntry entry) {
    HeaderGroup fields = new HeaderGroup();
    fields.setHeaders(entry.getHeaders());
    return fields;
  }

  /** The entry with other directives, which are not stored. */
  private HttpCacheEntry withDirectives(HttpCacheEntry entry, String directives) {
    Forwarded forwarded = served.get().forwarded;
    forwarded.storedDirectives = KeptFields.value(entry, "Cache-Control");
    forwarded.shownDirectives = directives;
    HeaderGroup fields = fields(entry);
    fields.setHeader(new BasicHeader("Cache-Control", directives));
    return with(entry, (HeaderGroup) entry.requestHeaders(), fields);
  }

  /** An entry with other fields of its request and its answer. */
  private static HttpCacheEntry with(HttpCacheEntry entry, HeaderGroup asked, HeaderGroup fields) {
    return new HttpCacheEntry(
        entry.getRequestInstant(),
        entry.getResponseInstant(),
        entry.getRequestMethod(),
        entry.getRequestURI(),
        asked,
        entry.getStatus(),
        fields,
        entry.getResource(),
        entry.hasVariants() ? entry.getVariants() : null);
  }

  private Duration timeToLive(HttpCacheEntry entry) {
    Duration kept = Duration.ofSeconds(Cacheability.lifetime(entry)).plus(stale);
    return kept.compareTo(LONGEST) > 0 ? LONGEST : kept;
  }
}
