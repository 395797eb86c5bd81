package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.cache.Answer.Kind;
import io.github.camelrestcache.cache.SingleFlight.Flight;
import io.github.camelrestcache.upstream.Limit;
import io.github.camelrestcache.upstream.RateLimits;
import io.github.camelrestcache.upstream.UpstreamRequest;
import io.github.camelrestcache.upstream.UpstreamResponse;
import java.time.Instant;
import org.apache.camel.Variable;

/** Tells how the cache came to an answer, and adds to it what is not stored. */
public record Serving(HttpCache cache, RateLimits limits) {

  /**
   * What the client gets.
   *
   * @param flight the request that this one has joined or led, or null
   * @param answered GitHub's response, or null
   * @param kept whether the answer was stored, or null
   */
  public Served of(
      @Variable("ask") UpstreamRequest ask,
      @Variable("found") Found found,
      @Variable("use") Use use,
      @Variable("flight") Flight flight,
      @Variable("answered") UpstreamResponse answered,
      @Variable("answer") Answer answer,
      @Variable("kept") Boolean kept) {
    StoredResponse response = answer.response();
    if (response == null) {
      UpstreamResponse passed = answer.passed();
      String status = passed.isRepeated() ? "detail=limited" : asked(use, flight, answered);
      return new Served(status, null, passed.fields(), false, passed.status(), answer.content());
    }
    long age = response.age(Instant.now());
    Freshness freshness = cache.freshness(ask, response);
    long lifetime = cache.lifetime(freshness);
    String status;
    if (use.isHit() && flight != null) {
      status = "fwd=" + flight.reason() + "; collapsed";
    } else if (use.isHit() || answered != null && answered.isRepeated()) {
      status = "hit; ttl=" + (lifetime - age);
    } else {
      status = asked(use, flight, answered);
    }
    if (answer.kind() == Kind.STOOD_IN) {
      status += "; detail=stale-if-error";
    } else if (use == Use.WHILE_REVALIDATE) {
      status += "; detail=stale-while-revalidate";
    } else if (answer.kind() == Kind.NEW && answered.status() != 304 && isTrue(kept)) {
      status += "; stored";
    }
    boolean isRepeatable =
        age < lifetime
            && !freshness.noCache()
            && response.isUsual()
            && (use == Use.FRESH || isTrue(kept));
    Fresh fresh = Fresh.of(ask.key(), ask.credential(), response, found, lifetime);
    return new Served(status, fresh, changing(ask, answer, age), isRepeatable, 0, null);
  }

  private static boolean isTrue(Boolean value) {
    return Boolean.TRUE.equals(value);
  }

  /** The fields of a response in memory that are not stored: its age and the rate limit. */
  private HttpFields changing(UpstreamRequest ask, Answer answer, long age) {
    HttpFields all = answer.response().fields();
    HttpFields changing = new HttpFields();
    if (answer.kind() == Kind.NEW) { // as GitHub sent them
      all.all().stream()
          .filter(field -> Limit.isOf(field.getKey()) || field.getKey().equalsIgnoreCase("Age"))
          .forEach(field -> changing.add(field.getKey(), field.getValue()));
      return changing;
    }
    String resource = all.get(Limit.PREFIX + "resource");
    limits.latest(ask.credential(), resource).forEach(changing::add);
    return changing.add("Age", Long.toString(age)); // RFC 9111 5.1
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
