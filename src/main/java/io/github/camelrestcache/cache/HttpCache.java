package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.HttpDates;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.InFlight.Share;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.upstream.UpstreamRequest;
import io.github.camelrestcache.upstream.UpstreamResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.apache.camel.Variable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The rules of an HTTP cache (RFC 9111), with one partition for each credential. */
public final class HttpCache {

  /** Contents up to this many bytes need no reservation. */
  static final int SMALL = 64 << 10;

  private static final Logger LOG = LoggerFactory.getLogger(HttpCache.class);
  private static final long MAX_SECONDS_APART = 60;

  private final AtomicBoolean clocksDiffer = new AtomicBoolean();

  private final URI upstream;
  private final Freshness.Rules rules;
  private final Duration maxAge;
  private final int maxEntry;

  public HttpCache(Settings settings) {
    this(
        settings.github().url(),
        new Freshness.Rules(
            settings.forwarding().heuristic(), settings.forwarding().staleIfError()),
        settings.forwarding().maxAge(),
        settings.forwarding().maxEntry());
  }

  HttpCache(URI upstream, Freshness.Rules rules, Duration maxAge, int maxEntry) {
    this.upstream = upstream;
    this.rules = rules;
    this.maxAge = maxAge;
    this.maxEntry = maxEntry;
  }

  Freshness freshness(UpstreamRequest ask, StoredResponse response) {
    return Freshness.of(response.status(), response.fields(), ask.isShared(), rules);
  }

  /** How long GitHub need not be asked about a response, in seconds: {@code FORWARD_MAX_AGE}. */
  long lifetime(Freshness freshness) {
    return maxAge == null
        ? freshness.lifetime()
        : Math.min(maxAge.toSeconds(), freshness.lifetime());
  }

  /**
   * What to do with a request (RFC 9111 4 and 5.2.1).
   *
   * @throws Problem 504 if the client wants a stored answer only, and none may be used
   */
  public Use judge(@Variable("ask") UpstreamRequest ask, @Variable("found") Found found) {
    Use use = use(ask, found);
    if (!use.isHit() && Directives.ofRequest(ask.fields()).has("only-if-cached")) {
      throw new Problem(
          504,
          "Gateway timeout",
          "No fresh answer is stored, and the request has only-if-cached: retry without it.");
    }
    return use;
  }

  /** The same, but does not fail. */
  public Use use(UpstreamRequest ask, Found found) {
    Instant now = Instant.now();
    Directives wanted = Directives.ofRequest(ask.fields());
    if (!found.isCacheable()) {
      return ask.isRead() ? Use.BYPASS : Use.METHOD;
    } else if (found.response() == null) {
      return Use.MISS;
    }
    Freshness freshness = freshness(ask, found.response());
    long lifetime = lifetime(freshness);
    long age = found.response().age(now);
    if (found.isOutdated() || freshness.noCache()) {
      return wanted.has("no-cache") ? Use.REQUESTED : Use.STALE;
    }
    boolean demanded =
        wanted.has("no-cache")
            || wanted.has("max-age") && age > wanted.seconds("max-age")
            || wanted.has("min-fresh") && lifetime - age < wanted.seconds("min-fresh");
    if (demanded) {
      return Use.REQUESTED;
    } else if (age < lifetime) {
      return Use.FRESH;
    } else if (freshness.mustRevalidate() || maxAge != null) {
      return Use.STALE;
    } else if (wanted.has("max-stale")
        && age - lifetime <= wanted.seconds("max-stale", Long.MAX_VALUE)) {
      return Use.FRESH;
    }
    return age - lifetime <= freshness.whileRevalidate() && freshness.whileRevalidate() > 0
        ? Use.WHILE_REVALIDATE
        : Use.STALE;
  }

  /**
   * The request to GitHub: if the stored response needs validation, with its validators, or without
   * any if they came with another token.
   */
  public UpstreamRequest request(
      @Variable("ask") UpstreamRequest ask,
      @Variable("found") Found found,
      @Variable("use") Use use) {
    if (!use.validates()) {
      return ask;
    }
    HttpFields stored = found.response().fields();
    return ask.token().equals(found.response().token())
        ? ask.validating(stored.get("ETag"), stored.get("Last-Modified"))
        : ask.validating(null, null);
  }

  /** The stored response as the answer. */
  public Answer hit(@Variable("found") Found found) {
    return Answer.hit(found.response());
  }

  /**
   * The answer after GitHub's response: the stored response if GitHub says that it is still valid
   * (RFC 9111 4.3.3) or if it may replace a failure (4.2.4), or else the new one.
   *
   * @param body the content of GitHub's response, or null
   * @throws IOException if the content breaks off
   * @throws Problem 503 if there is no memory for a large content
   */
  public Answer merge(
      @Variable("request") ClientRequest client,
      @Variable("ask") UpstreamRequest ask,
      @Variable("found") Found found,
      @Variable("use") Use use,
      @Variable("answered") UpstreamResponse answered,
      @Body InputStream body)
      throws IOException {
    Instant now = Instant.now();
    compareClocks(answered.fields(), now);
    if (use.validates() && answered.status() == 304) {
      StoredResponse valid =
          found.response().validated(answered.fields(), now, found.version(), ask);
      return Answer.fresh(valid, !valid.varies() && freshness(ask, valid).isStorable());
    }
    boolean failed = answered.status() >= 500 || answered.isLimit();
    if (failed && use.validates() && mayStandIn(ask, found, now)) {
      try (body) {
        if (body != null) {
          body.readNBytes(SMALL);
        }
      }
      return Answer.stoodIn(found.response());
    }
    boolean isLarge = length(answered) > maxEntry;
    if (!found.isCacheable() || isLarge || !mayStore(ask, answered)) {
      return Answer.passed(answered, body);
    }
    byte[] content = read(client, answered, body);
    if (content.length > maxEntry) {
      return Answer.passed(
          answered, new SequenceInputStream(new ByteArrayInputStream(content), body));
    }
    return Answer.fresh(
        StoredResponse.of(answered.status(), answered.fields(), content, now, found.version(), ask),
        true);
  }

  /**
   * The stored response instead of a failure to reach GitHub.
   *
   * @throws IOException the failure, if no stored response may be used
   */
  public Answer standIn(
      @Variable("ask") UpstreamRequest ask,
      @Variable("found") Found found,
      @Variable("use") Use use,
      @ExchangeProperty(Exchange.EXCEPTION_CAUGHT) IOException failure)
      throws IOException {
    if (use.validates() && mayStandIn(ask, found, Instant.now())) {
      return Answer.stoodIn(found.response());
    }
    throw failure;
  }

  private boolean mayStandIn(UpstreamRequest ask, Found found, Instant now) {
    StoredResponse response = found.response();
    return !found.isOutdated() && freshness(ask, response).mayStandIn(response.age(now));
  }

  /** Whether the stored response is wrong now, because GitHub has answered otherwise. */
  public boolean isObsolete(@Variable("use") Use use, @Variable("answer") Answer answer) {
    if (!use.validates() || answer.kind() == Answer.Kind.STOOD_IN || answer.isKept()) {
      return false;
    }
    UpstreamResponse passed = answer.passed();
    // 202 only says that it is being computed
    return passed == null || passed.status() < 500 && passed.status() != 202 && !passed.isLimit();
  }

  /** Whether a response may be stored (RFC 9111 3). */
  private boolean mayStore(UpstreamRequest ask, UpstreamResponse answered) {
    HttpFields fields = answered.fields();
    boolean forACookie = !ask.isOfOneCaller() && ask.fields().contains("Cookie");
    return ask.method().equals("GET")
        && !answered.isLimit()
        && !forACookie
        && !leadsElsewhere(answered)
        && !StoredResponse.names(fields).contains("*") // RFC 9111 4.1
        && Freshness.of(answered.status(), fields, ask.isShared(), rules).isStorable();
  }

  /** Whether it redirects to another host: signatures in GitHub's archive URLs expire soon. */
  private boolean leadsElsewhere(UpstreamResponse answered) {
    String location = answered.fields().get("Location");
    if (location == null || answered.status() < 300 || answered.status() > 399) {
      return false;
    }
    try {
      URI to = upstream.resolve(location);
      return !upstream.getAuthority().equalsIgnoreCase(to.getAuthority());
    } catch (IllegalArgumentException e) {
      return true;
    }
  }

  /** Warns once if GitHub's time differs from the local time by more than a minute. */
  private void compareClocks(HttpFields fields, Instant now) {
    String date = fields.contains("Age") ? null : fields.get("Date");
    Instant there = date == null || clocksDiffer.get() ? null : HttpDates.parse(date);
    long seconds = there == null ? 0 : Duration.between(there, now).toSeconds();
    if (Math.abs(seconds) > MAX_SECONDS_APART && clocksDiffer.compareAndSet(false, true)) {
      LOG.warn(
          "The clock of this machine is {} s {} GitHub's: set it by NTP",
          Math.abs(seconds),
          seconds > 0 ? "ahead of" : "behind");
    }
  }

  /** The content, or its beginning if that is longer than what may be stored. */
  private byte[] read(ClientRequest client, UpstreamResponse answered, InputStream body)
      throws IOException {
    if (body == null) {
      return new byte[0];
    }
    byte[] begin = body.readNBytes(SMALL);
    if (begin.length < SMALL || begin.length > maxEntry) {
      return begin;
    }
    long length = length(answered);
    reserve(client, length < 0 ? maxEntry : length);
    byte[] rest = body.readNBytes(maxEntry + 1 - SMALL);
    byte[] whole = new byte[begin.length + rest.length];
    System.arraycopy(begin, 0, whole, 0, begin.length);
    System.arraycopy(rest, 0, whole, begin.length, rest.length);
    return whole;
  }

  /** The length of the content, or -1 if GitHub has not told it. */
  private static long length(UpstreamResponse answered) {
    return Directives.number(answered.fields().get("Content-Length"), -1);
  }

  /**
   * Reserves memory for a content, which is copied several times on its way into the cache and out
   * of it.
   *
   * @param request the request that it answers, or null to reserve nothing
   * @throws Problem 503 if too much is reserved
   */
  static void reserve(ClientRequest request, long size) {
    if (size > SMALL && request != null && !request.ticket().take(Share.CONTENTS, size)) {
      throw Problem.busy("Many large answers are requested at this time");
    }
  }
}
