package io.github.camelrestcache.cache;

import io.github.camelrestcache.Hash;
import io.github.camelrestcache.Settings;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.CamelContext;
import org.apache.hc.client5.http.cache.HttpCacheEntry;
import org.apache.hc.client5.http.cache.HttpCacheEntrySerializer;
import org.apache.hc.client5.http.cache.HttpCacheStorageEntry;
import org.apache.hc.client5.http.cache.ResourceIOException;
import org.apache.hc.client5.http.impl.cache.AbstractBinaryCacheStorage;
import org.apache.hc.client5.http.impl.cache.CacheKeyGenerator;
import org.apache.hc.client5.http.impl.cache.HttpByteArrayCacheEntrySerializer;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.message.HeaderGroup;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.RedisTemplate;
import org.springframework.data.redis.core.script.RedisScript;

/**
 * The stored answers in Redis, which all instances share. A key is a hash; a value has the text
 * form that the library writes, without the request's fields that no {@code Vary} names.
 *
 * <p>Each path has a <i>generation</i>, which is part of the keys of its entries. A write replaces
 * it, so that no entry made before is found again, whatever its query and partition, nor one whose
 * request was under way.
 */
final class Entries extends AbstractBinaryCacheStorage<byte[]> {

  private static final Logger LOG = LoggerFactory.getLogger(Entries.class);

  /** How long an entry is kept, however fresh, and so a generation. */
  private static final Duration LONGEST = Duration.ofDays(30);

  /** How long what is no longer fresh is kept to be revalidated, at least. */
  private static final Duration STALE = Duration.ofDays(1);

  private static final Pattern MAX_AGE = Pattern.compile("max-age=(\\d+)");
  private static final RedisScript<Long> REPLACE =
      RedisScript.of(
          "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end "
              + "redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) return 1",
          Long.class);

  private final RedisTemplate<String, Object> redis;
  private final String prefix;
  private final WithTimeToLive serializer;

  Entries(CamelContext context, Duration staleIfError) {
    this(context, new WithTimeToLive(staleIfError.compareTo(STALE) > 0 ? staleIfError : STALE));
  }

  private Entries(CamelContext context, WithTimeToLive serializer) {
    super(3, serializer);
    this.serializer = serializer;
    this.redis = redis(context);
    this.prefix = "camel-rest-cache:2:" + Settings.get(context, "github.api.url") + ":forward:";
  }

  @SuppressWarnings("unchecked")
  private static RedisTemplate<String, Object> redis(CamelContext context) {
    return context.getRegistry().lookupByNameAndType("redisTemplate", RedisTemplate.class);
  }

  /**
   * The generation of a path.
   *
   * @return null when Redis does not answer: then nothing is to be read or stored
   */
  String generation(String path) {
    try {
      Object generation = redis.opsForValue().get(generationKey(plain(path)));
      return generation == null ? "" : new String((byte[]) generation, StandardCharsets.UTF_8);
    } catch (DataAccessException e) {
      return null;
    }
  }

  /**
   * Makes what is stored of a path, and what is about to be, not found again; and of the paths
   * above it, for an edited issue is in the list of issues, and counted in the repository.
   */
  void invalidate(String path) {
    byte[] generation = UUID.randomUUID().toString().getBytes(StandardCharsets.UTF_8);
    try {
      for (String each = plain(path); !each.isEmpty(); each = each.replaceFirst("/[^/]*$", "")) {
        redis.opsForValue().set(generationKey(each), generation, LONGEST.plus(STALE));
      }
    } catch (DataAccessException e) {
      LOG.warn("What is stored of {} outlives a write, for Redis does not answer", path);
    }
  }

  private String generationKey(String plainPath) {
    return prefix + "generation:" + Hash.of(plainPath);
  }

  /** Paths that GitHub takes for one have one generation. */
  private static String plain(String path) {
    String decoded = path;
    try {
      decoded = URLDecoder.decode(path.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      // as it is
    }
    String plain = decoded.toLowerCase(Locale.ROOT).replaceAll("/+$", "");
    return plain.startsWith("/") ? plain : "/" + plain;
  }

  @Override
  protected String digestToStorageKey(String key) {
    return prefix + Hash.of(key);
  }

  @Override
  protected void store(String storageKey, byte[] value) throws ResourceIOException {
    try {
      redis.opsForValue().set(storageKey, value, Duration.ofSeconds(timeToLive(value)));
    } catch (DataAccessException e) {
      throw new ResourceIOException("Redis does not answer", e);
    }
  }

  @Override
  protected byte[] restore(String storageKey) throws ResourceIOException {
    try {
      return (byte[]) redis.opsForValue().get(storageKey);
    } catch (DataAccessException e) {
      throw new ResourceIOException("Redis does not answer", e);
    }
  }

  /** What cannot be read counts as absent, and is replaced. */
  @Override
  protected byte[] getForUpdateCAS(String storageKey) throws ResourceIOException {
    byte[] value = restore(storageKey);
    try {
      return value != null && serializer.deserialize(value) != null ? value : null;
    } catch (ResourceIOException e) {
      return null;
    }
  }

  @Override
  protected byte[] getStorageObject(byte[] cas) {
    return cas;
  }

  @Override
  protected boolean updateCAS(String storageKey, byte[] cas, byte[] value)
      throws ResourceIOException {
    try {
      byte[] seconds = Long.toString(timeToLive(value)).getBytes(StandardCharsets.US_ASCII);
      return redis.execute(REPLACE, List.of(storageKey), cas, value, seconds) == 1;
    } catch (DataAccessException e) {
      throw new ResourceIOException("Redis does not answer", e);
    }
  }

  @Override
  protected void delete(String storageKey) throws ResourceIOException {
    try {
      redis.delete(storageKey);
    } catch (DataAccessException e) {
      throw new ResourceIOException("Redis does not answer", e);
    }
  }

  @Override
  protected Map<String, byte[]> bulkRestore(Collection<String> storageKeys)
      throws ResourceIOException {
    Map<String, byte[]> values = new HashMap<>();
    for (String key : storageKeys) {
      byte[] value = restore(key);
      if (value != null) {
        values.put(key, value);
      }
    }
    return values;
  }

  private static long timeToLive(byte[] value) {
    return ByteBuffer.wrap(value).getLong();
  }

  /** The library's text form, behind the seconds that Redis is to keep it (eight bytes). */
  private record WithTimeToLive(Duration stale) implements HttpCacheEntrySerializer<byte[]> {

    private static final HttpCacheEntrySerializer<byte[]> TEXT =
        HttpByteArrayCacheEntrySerializer.INSTANCE;

    @Override
    public byte[] serialize(HttpCacheStorageEntry stored) throws ResourceIOException {
      HttpCacheEntry entry = stored.getContent();
      byte[] text = TEXT.serialize(new HttpCacheStorageEntry(stored.getKey(), lean(entry)));
      return ByteBuffer.allocate(Long.BYTES + text.length)
          .putLong(timeToLive(entry))
          .put(text)
          .array();
    }

    @Override
    public HttpCacheStorageEntry deserialize(byte[] value) throws ResourceIOException {
      if (value.length < Long.BYTES) {
        throw new ResourceIOException("This is no entry");
      }
      return TEXT.deserialize(java.util.Arrays.copyOfRange(value, Long.BYTES, value.length));
    }

    private long timeToLive(HttpCacheEntry entry) {
      Header directives = entry.getFirstHeader("Cache-Control");
      Matcher maxAge = MAX_AGE.matcher(directives == null ? "" : directives.getValue());
      long fresh = maxAge.find() ? Long.parseLong(maxAge.group(1)) : 0;
      return Math.min(fresh + stale.toSeconds(), LONGEST.toSeconds());
    }

    private static HttpCacheEntry lean(HttpCacheEntry entry) {
      List<String> vary = CacheKeyGenerator.variantNames(entry);
      HeaderGroup named = new HeaderGroup();
      for (Header header : entry.requestHeaders().getHeaders()) {
        if (vary.stream().anyMatch(header.getName()::equalsIgnoreCase)) {
          named.addHeader(header);
        }
      }
      HeaderGroup fields = new HeaderGroup();
      fields.setHeaders(entry.getHeaders());
      return new HttpCacheEntry(
          entry.getRequestInstant(),
          entry.getResponseInstant(),
          entry.getRequestMethod(),
          entry.getRequestURI(),
          named,
          entry.getStatus(),
          fields,
          entry.getResource(),
          entry.hasVariants() ? entry.getVariants() : null);
    }
  }
}
