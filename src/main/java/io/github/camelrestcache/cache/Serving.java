package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.cache.Answer.Kind;
import io.github.camelrestcache.cache.Flights.Flight;
import io.github.camelrestcache.upstream.Limit;
import io.github.camelrestcache.upstream.RateLimits;
import io.github.camelrestcache.upstream.UpstreamRequest;
import io.github.camelrestcache.upstream.UpstreamResponse;
import java.io.IOException;
import java.time.Instant;
import java.util.Map;
import org.apache.camel.Variable;

/** Adapts an answer to its client, and tells how the cache came to it. */
public record Serving(HttpCache cache, RateLimits limits) {

  /**
   * What the client gets.
   *
   * @param flight the request that this one has joined or led, or null
   * @param answered GitHub's response, or null
   * @param kept whether the answer was stored, or null
   * @throws IOException if a stored content is not the gzip that it claims to be
   */
  public Served of(
      @Variable("request") ClientRequest client,
      @Variable("ask") UpstreamRequest ask,
      @Variable("found") Found found,
      @Variable("use") Use use,
      @Variable("flight") Flight flight,
      @Variable("answered") UpstreamResponse answered,
      @Variable("answer") Answer answer,
      @Variable("kept") Boolean kept)
      throws IOException {
    StoredResponse response = answer.response();
    if (response == null) {
      UpstreamResponse passed = answer.passed();
      Representation as =
          Representation.passed(client, passed.status(), passed.fields(), answer.content());
      String status = passed.isRepeated() ? "detail=limited" : asked(use, flight, answered);
      return new Served(as.status(), as.fields(), as.content(), false, status, null);
    }
    Instant now = Instant.now();
    HttpFields fields = new HttpFields(response.fields().all());
    long age = response.age(now);
    if (answer.kind() != Kind.NEW) {
      replaceLimit(ask, fields);
      fields.set("Age", Long.toString(age)); // RFC 9111 5.1
    }
    Freshness freshness = cache.freshness(ask, response);
    long lifetime = cache.lifetime(freshness);
    Representation as = Representation.stored(client, response, fields);
    String status;
    if (use.isHit() && flight != null) {
      status = "fwd=" + flight.reason() + "; collapsed";
    } else if (use.isHit() || answered != null && answered.isRepeated()) {
      status = "hit; ttl=" + (lifetime - age);
      if (answer.kind() == Kind.STOOD_IN) {
        status += "; detail=stale-if-error";
      } else if (use == Use.WHILE_REVALIDATE) {
        status += "; detail=stale-while-revalidate";
      }
    } else {
      status = asked(use, flight, answered);
      if (answer.kind() == Kind.STOOD_IN) {
        status += "; detail=stale-if-error";
      } else if (answered.status() != 304 && Boolean.TRUE.equals(kept)) {
        status += "; stored";
      }
    }
    boolean isHit = status.startsWith("hit") && answer.kind() == Kind.HIT;
    boolean isFresh = age < lifetime && (use == Use.FRESH || Boolean.TRUE.equals(kept));
    Fresh fresh =
        isFresh && !freshness.noCache()
            ? Fresh.of(ask.key(), ask.credential(), response, found, lifetime)
            : null;
    return new Served(as.status(), as.fields(), as.content(), isHit, status, fresh);
  }

  /** The limit in a stored response is old. */
  private void replaceLimit(UpstreamRequest ask, HttpFields fields) {
    String resource = fields.get("x-ratelimit-resource");
    fields.all().stream()
        .map(Map.Entry::getKey)
        .filter(name -> name.regionMatches(true, 0, Limit.PREFIX, 0, Limit.PREFIX.length()))
        .forEach(fields::remove);
    limits.latest(ask.credential(), resource).forEach(fields::add);
  }

  /** The status of a request that had to ask GitHub. */
  private static String asked(Use use, Flight flight, UpstreamResponse answered) {
    String status = "fwd=" + use.reason;
    if (answered != null) {
      return status + "; fwd-status=" + answered.status();
    }
    return flight != null && !flight.isLed() ? status + "; collapsed" : status;
  }
}
