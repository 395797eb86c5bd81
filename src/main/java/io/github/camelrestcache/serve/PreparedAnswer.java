package io.github.camelrestcache.serve;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Conditions;
import io.github.camelrestcache.base.HttpDates;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.store.Entry;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerResponse;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;

/**
 * An answer that is prepared once and sent many times. Only its age, its date and the rate limit
 * change.
 */
public final class PreparedAnswer {

  /**
   * A prepared answer at a certain age.
   *
   * @param route the route that the request is metered as
   * @param age in seconds
   * @param limit the {@code x-ratelimit-*} fields of the caller, or none
   * @param cacheStatus how the request was served (RFC 9211 2), or null for a hit
   */
  public record Prepared(
      PreparedAnswer answer, String route, long age, Map<String, String> limit, String cacheStatus)
      implements Reply {

    @Override
    public Content content(ClientRequest request) {
      if (Conditions.isNotModified(request.fields(), answer.entityTag, answer.lastModified)) {
        return Content.NOT_MODIFIED;
      }
      return request.method().equals("HEAD") ? Content.NONE : answer.content;
    }

    @Override
    public void begin(HttpServerResponse response, Content content) {
      MultiMap fields = response.headers();
      answer.fields.addTo(fields);
      answer.changing(this).addTo(fields);
      answer.prepared(limit).addTo(fields);
      if (content == Content.NOT_MODIFIED) {
        // without the fields that describe the content (RFC 9110 15.4.5)
        response.setStatusCode(304);
      } else {
        response.setStatusCode(200);
        answer.ofContent.addTo(fields);
      }
    }
  }

  /** The fields that change every second, as sent last. */
  private record Changing(long second, long age, String cacheStatus, PreparedFields fields) {}

  /** The limit of the last caller; most callers have no credential of their own. */
  private record Limit(Map<String, String> of, PreparedFields fields) {}

  private final String entityTag;
  private final String lastModified;
  private final long lifetime;
  private final Content content;
  private final PreparedFields fields = new PreparedFields();
  private final PreparedFields ofContent = new PreparedFields();
  private volatile Changing last = new Changing(0, 0, null, fields);
  private volatile Limit lastLimit = new Limit(null, fields);

  /**
   * Prepares the answer of an endpoint, a page or a view.
   *
   * @param name the opaque part of the entity tag, without the coding
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
    entityTag = '"' + name + (coding == null ? "" : "-" + coding) + '"';
    lastModified = entry.changed() == null ? null : HttpDates.format(entry.changed());
    lifetime = endpoint.every().toSeconds();
    this.content = content;
    fields.add("ETag", entityTag);
    fields.add("Cache-Control", "max-age=" + lifetime);
    fields.add("Vary", endpoint.accept().isEmpty() ? "Accept-Encoding" : "Accept, Accept-Encoding");
    if (link != null) {
      fields.add("Link", link);
    }
    if (lastModified != null) {
      ofContent.add("Last-Modified", lastModified);
    }
    ofContent.add("Content-Type", "application/json; charset=utf-8");
    if (coding != null) {
      ofContent.add("Content-Encoding", coding);
    }
    ofContent.add("Content-Length", Long.toString(content.length()));
  }

  private PreparedFields changing(Prepared reply) {
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
      now.fields().add("Date", HttpDates.format(Instant.ofEpochSecond(second)));
      last = now;
    }
    return now.fields();
  }

  private PreparedFields prepared(Map<String, String> limit) {
    Limit now = lastLimit;
    if (now.of() != limit) { // GitHub's next answer makes another map
      now = new Limit(limit, new PreparedFields());
      limit.forEach(now.fields()::add);
      lastLimit = now;
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
