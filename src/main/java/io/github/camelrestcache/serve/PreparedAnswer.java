package io.github.camelrestcache.serve;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Conditions;
import io.github.camelrestcache.base.HttpDates;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.store.Entry;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerResponse;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** An answer that is prepared once and sent many times. Only its age and its date change. */
public final class PreparedAnswer {

  /**
   * A prepared answer at a certain age.
   *
   * @param route the route that the request is metered as
   * @param age in seconds
   * @param cacheStatus how the request was served (RFC 9211 2), or null for a hit
   */
  public record Reply(PreparedAnswer answer, String route, long age, String cacheStatus) {

    /** The content to send to a client: none for a HEAD, or if the client's copy is current. */
    public Content content(ClientRequest request) {
      if (answer.changed != null
          && Conditions.isNotModified(request.fields(), answer.entityTag, answer.changed)) {
        return Content.NOT_MODIFIED;
      }
      return request.method().equals("HEAD") ? Content.NONE : answer.content;
    }

    /**
     * Sets the status and the fields of a response.
     *
     * @param content what will be sent
     */
    public void begin(HttpServerResponse response, Content content) {
      MultiMap fields = response.headers();
      answer.fields.addTo(fields);
      answer.changing(this).addTo(fields);
      if (content == Content.NOT_MODIFIED) {
        // without the fields that describe the content (RFC 9110 15.4.5)
        response.setStatusCode(304);
      } else {
        response.setStatusCode(answer.status);
        answer.ofContent.addTo(fields);
      }
    }
  }

  /** The fields that change every second, as sent last. */
  private record Changing(long second, long age, String cacheStatus, PreparedFields fields) {}

  private final int status;
  private final String entityTag;
  private final Instant changed;
  private final long lifetime;
  private final Content content;
  private final PreparedFields fields = new PreparedFields();
  private final PreparedFields ofContent = new PreparedFields();
  private volatile Changing last = new Changing(0, 0, null, fields);

  private PreparedAnswer(
      int status, String entityTag, Instant changed, long lifetime, Content content) {
    this.status = status;
    this.entityTag = entityTag;
    this.changed = changed;
    this.lifetime = lifetime;
    this.content = content;
  }

  /**
   * Prepares the answer of an endpoint, a page or a view.
   *
   * @param name the opaque part of the entity tag
   * @param coding the content coding, or null
   * @param link the value of {@code Link}, or null
   */
  PreparedAnswer(
      CachedEndpoint endpoint,
      Entry entry,
      String name,
      String coding,
      String link,
      Content content) {
    this(200, '"' + name + '"', entry.changed(), endpoint.every().toSeconds(), content);
    fields.add("ETag", entityTag);
    fields.add("Cache-Control", "max-age=" + lifetime);
    fields.add("Vary", endpoint.accept().isEmpty() ? "Accept-Encoding" : "Accept, Accept-Encoding");
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

  /**
   * Prepares the answer to a forwarded request, whose conditions the routes have evaluated.
   *
   * @param fields with GitHub's Date, and without Age and Cache-Status
   * @param lifetime how long it is fresh, in seconds
   * @throws Problem 502 if a field is invalid
   */
  PreparedAnswer(int status, Map<String, List<String>> fields, long lifetime, Content content) {
    this(status, null, null, lifetime, content);
    try {
      fields.forEach((name, values) -> values.forEach(value -> this.fields.add(name, value)));
    } catch (IllegalArgumentException e) {
      throw Problem.unreadable();
    }
  }

  private PreparedFields changing(Reply reply) {
    long second = System.currentTimeMillis() / 1000;
    Changing now = last;
    if (now.second() != second
        || now.age() != reply.age()
        || !Objects.equals(now.cacheStatus(), reply.cacheStatus())) {
      now = new Changing(second, reply.age(), reply.cacheStatus(), new PreparedFields());
      // an entry that is refreshed on time can be a second late
      String stale = reply.age() > lifetime + 1 ? "; detail=stale" : "";
      String hit = "hit; ttl=" + (lifetime - reply.age()) + stale;
      String status = reply.cacheStatus() == null ? hit : reply.cacheStatus();
      now.fields().add("Age", Long.toString(reply.age()));
      now.fields().add("Cache-Status", "camel-rest-cache; " + status);
      if (changed != null) {
        now.fields().add("Date", HttpDates.format(Instant.ofEpochSecond(second)));
      }
      last = now;
    }
    return now.fields();
  }

  Content content() {
    return content;
  }

  /** The approximate size in memory, in bytes. */
  int size() {
    return content.size() + fields.size() + ofContent.size();
  }
}
