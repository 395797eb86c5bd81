package io.github.camelrestcache.cache;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.cache.Places.Place;
import io.github.camelrestcache.store.Changes;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.RedisConnection;
import io.github.camelrestcache.store.RedisConnection.Command;
import io.github.camelrestcache.upstream.Refusals;
import io.github.camelrestcache.upstream.UpstreamRequest;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.apache.camel.Variable;
import org.springframework.dao.DataAccessException;

/**
 * Looks for stored responses ({@link Responses}): reads the version of the path, the response and
 * the refusals of rate limits in one round trip. An unreadable value counts as absent.
 */
public final class Lookup {

  private static final byte[] NONE = {};

  private final RedisConnection redis;
  private final Keys keys;
  private final Places places;
  private final Scopes scopes;
  private final Purges purges;
  private final Refusals refusals;
  private final Responses responses;
  private final Counter hits;
  private final Counter misses;

  public Lookup(
      RedisConnection redis,
      Keys keys,
      Places places,
      Scopes scopes,
      Purges purges,
      Refusals refusals,
      Responses responses,
      MeterRegistry meters) {
    this.redis = redis;
    this.keys = keys;
    this.places = places;
    this.scopes = scopes;
    this.purges = purges;
    this.refusals = refusals;
    this.responses = responses;
    hits = reads(meters, "hit");
    misses = reads(meters, "miss");
  }

  private static Counter reads(MeterRegistry meters, String result) {
    return Counter.builder("restcache.redis.reads")
        .description("Reads of answers to forwarded requests")
        .tag("result", result)
        .register(meters);
  }

  /**
   * A look into Redis for a request.
   *
   * @param key the key of the response
   * @param refusals the keys of the refusals that may apply
   * @param creates whether GitHub may be asked, so that a new scope needs a mark
   * @param stamp taken before the look
   * @param since when it began, by {@link System#nanoTime()}
   */
  private record Look(
      UpstreamRequest ask,
      Place place,
      String key,
      List<String> refusals,
      boolean creates,
      Changes.Stamp stamp,
      String purge,
      long since) {}

  private Look prepare(UpstreamRequest ask, Place place) {
    Directives wanted = Directives.ofRequest(ask.fields());
    return ask.key() == null || wanted.has("no-store")
        ? null
        : new Look(
            ask,
            place,
            key(ask),
            refusals.keys(ask),
            !wanted.has("only-if-cached"),
            scopes.stamp(place, ask.credential()),
            purges.mark(place.path()),
            System.nanoTime());
  }

  private String key(UpstreamRequest ask) {
    return keys.of("forward:" + ask.key());
  }

  private Command[] commands(Look look) {
    return new Command[] {
      scopes.read(look.place()),
      to -> to.getrange(look.key().getBytes(UTF_8), 0, HttpCache.SMALL - 1),
      Refusals.read(look.refusals())
    };
  }

  /**
   * Looks for what is stored for a request, without blocking.
   *
   * @param executor reads the answers
   * @return null if that takes more than one round trip, or fails: then {@link #look} tells
   */
  public CompletionStage<Found> ahead(UpstreamRequest ask, Executor executor) {
    Place place = places.known(ask.path());
    Look look = place == null ? null : prepare(ask, place);
    return look == null || scopes.isOutlived(place)
        ? CompletableFuture.completedStage(null)
        : redis.send(commands(look)).thenApplyAsync(values -> atOnce(look, values), executor);
  }

  private Found atOnce(Look look, List<Object> values) {
    Scopes.Version version = values == null ? null : Scopes.version(values.get(0));
    if (version == null || version.mark().isEmpty() && look.creates()) {
      return null;
    }
    byte[] value = (byte[]) values.get(1);
    Object refusal = values.get(2);
    if (value.length == 0) {
      return found(look, version, Set.of(), null, refusal);
    }
    StoredResponse response = value.length < HttpCache.SMALL ? StoredResponse.of(value) : null;
    return response != null && response.isSelectedBy(look.ask().fields())
        ? found(look, version, response.names(), response, refusal)
        : null;
  }

  /**
   * What is stored for a request.
   *
   * @param ahead what has been found by {@link #ahead}, or null
   * @param waited not null if the request has waited since
   */
  public Found look(
      @Variable("request") ClientRequest client,
      @Variable("ask") UpstreamRequest ask,
      @Variable("found") Found ahead,
      @Variable("waited") SingleFlight.Outcome waited) {
    // unless the token has been replaced since
    if (ahead != null && waited == null && key(ask).equals(ahead.key())) {
      return ahead;
    }
    Place place = places.of(ask.path());
    Look look = prepare(ask, place);
    if (look == null) {
      return Found.nothing(place);
    }
    try {
      List<Object> values = scopes.look(place, commands(look));
      if (values == null) {
        return Found.nothing(place);
      }
      Scopes.Version version = Scopes.version(values.get(0));
      if (version.mark().isEmpty() && look.creates()) {
        version = new Scopes.Version(version.purge(), scopes.create(place));
      }
      StoredResponse response = read(client, look.key(), (byte[]) values.get(1));
      Set<String> names = response == null ? Set.of() : response.names();
      if (response != null && !response.isSelectedBy(ask.fields())) {
        HttpFields selecting = StoredResponse.selecting(names, ask.fields());
        response = read(client, responses.variantKey(look.key(), selecting), null);
      }
      return found(look, version, names, response, values.get(2));
    } catch (DataAccessException e) {
      responses.failed(e);
      return Found.nothing(place);
    }
  }

  private Found found(
      Look look, Scopes.Version read, Set<String> names, StoredResponse response, Object refusal) {
    refusals.looked(look.refusals(), refusal);
    Scopes.Version version = new Scopes.Version(read.purge() + look.purge(), read.mark());
    boolean isUsable =
        response != null
            && response.version().purge().equals(version.purge())
            && response.isSelectedBy(look.ask().fields());
    (isUsable ? hits : misses).increment();
    return new Found(
        look.key(),
        look.place(),
        version,
        look.stamp(),
        names,
        isUsable ? response : null,
        look.since());
  }

  /**
   * Reads a response.
   *
   * @param begin the beginning of its value, or null if it has not been read
   */
  private StoredResponse read(ClientRequest client, String key, byte[] begin) {
    byte[] value = begin;
    if (begin == null) {
      List<Object> values =
          redis.together(to -> to.getrange(key.getBytes(UTF_8), 0, HttpCache.SMALL - 1));
      value = (byte[]) values.get(0);
    }
    if (value.length == HttpCache.SMALL) {
      // it may be large: the rest is read only if there is room for it
      HttpCache.reserve(client, redis.opsForValue().size(key));
      Object whole = redis.opsForValue().get(key);
      value = (byte[]) Objects.requireNonNullElse(whole, NONE);
    }
    return StoredResponse.of(value);
  }
}
