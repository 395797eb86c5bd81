package io.github.camelrestcache.serve;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Conditions;
import io.github.camelrestcache.base.HttpDates;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** An answer of an endpoint, a page or a view, prepared once and sent many times. */
public final class StoredAnswer {

  /**
   * A stored answer at a certain time.
   *
   * @param fetched when its content was fetched
   * @param now the current time by the same clock
   * @param status how the request was served (RFC 9211 2), or null for a hit
   */
  public record Timed(StoredAnswer answer, Instant fetched, Instant now, String status)
      implements Reply {

    @Override
    public Content content(ClientRequest request) {
      if (Conditions.isNotModified(request.fields(), answer.entityTag, answer.changed)) {
        return Content.NOT_MODIFIED;
      }
      return request.method().equals("HEAD") ? Content.NONE : answer.content;
    }

    @Override
    public void begin(HttpServerResponse response, Content content) {
      answer.begin(response, content, this);
    }
  }

  /** The Date of a second, which all answers share. */
  private record Tick(long second, CharSequence date) {}

  private static final CharSequence DATE = HttpHeaders.createOptimized("Date");
  private static volatile Tick tick = new Tick(0, "");

  private final String entityTag;
  private final Instant changed;
  private final PreparedFields fields = PreparedFields.empty();
  private final PreparedFields ofContent = PreparedFields.empty();
  private final Content content;
  private final AgeFields ages;

  /**
   * Prepares an answer.
   *
   * @param name the opaque part of the entity tag
   * @param coding the content coding, or null
   * @param changed when the content was first seen
   * @param every how long it is fresh
   * @param link the value of {@code Link}, or null
   */
  StoredAnswer(
      String name, String coding, Instant changed, Duration every, String link, Content content) {
    this.entityTag = '"' + name + '"';
    this.changed = changed;
    this.ages = new AgeFields(every.toSeconds());
    this.content = content;
    fields.add("ETag", entityTag);
    fields.add("Cache-Control", "max-age=" + every.toSeconds());
    fields.add("Vary", "Accept-Encoding");
    fields.add("Access-Control-Allow-Origin", "*");
    fields.add("Access-Control-Expose-Headers", "ETag, Link, Age, Cache-Status");
    if (link != null) {
      fields.add("Link", link);
    }
    ofContent.add("Last-Modified", HttpDates.format(changed));
    ofContent.add("Content-Type", "application/json; charset=utf-8");
    if (coding != null) {
      ofContent.add("Content-Encoding", coding);
    }
    ofContent.add("Content-Length", Long.toString(content.length()));
  }

  /** Whether the content is inflated while it is sent, which an event loop must not do. */
  boolean isStreamed() {
    return content.list() != null;
  }

  /** How many bytes of memory it takes. */
  int size() {
    return content.size() + fields.size() + ofContent.size();
  }

  private void begin(HttpServerResponse response, Content sent, Timed reply) {
    MultiMap headers = response.headers();
    fields.addTo(headers);
    long age = Math.max(0, reply.now().getEpochSecond() - reply.fetched().getEpochSecond());
    ages.addTo(headers, age, reply.status());
    headers.add(DATE, date());
    if (sent == Content.NOT_MODIFIED) {
      // without the fields that describe the content (RFC 9110 15.4.5)
      response.setStatusCode(304);
    } else {
      ofContent.addTo(headers);
    }
  }

  private static CharSequence date() {
    long second = TimeUnit.MILLISECONDS.toSeconds(System.currentTimeMillis());
    Tick last = tick;
    if (last.second() != second) {
      String date = HttpDates.format(Instant.ofEpochSecond(second));
      last = new Tick(second, HttpHeaders.createOptimized(date));
      tick = last;
    }
    return last.date();
  }
}
