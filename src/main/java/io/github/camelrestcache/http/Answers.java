package io.github.camelrestcache.http;

import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.http.StoredAnswer.Timed;
import io.github.camelrestcache.lane.FastLane;
import io.github.camelrestcache.page.PageRequest;
import io.github.camelrestcache.refresh.Leases;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.view.Ranked;
import io.github.camelrestcache.view.ViewRequest;
import java.time.Duration;
import org.apache.camel.BindToRegistry;
import org.apache.camel.Body;
import org.apache.camel.CamelContext;
import org.apache.camel.Variable;
import org.apache.camel.language.simple.Simple;

/** What is stored, as HTTP answers: status, header fields, JSON. */
@BindToRegistry("answers")
public class Answers {

  /**
   * Turns writes away from a path of this service's own.
   *
   * @throws Problem 405 for another method than GET or HEAD (RFC 9110 15.5.6)
   */
  public void refuseWrites(@Variable("request") ClientRequest request) {
    if (!request.isRead()) {
      throw new Problem(
              405, "Method not allowed", request.path() + " can only be read: use GET or HEAD.")
          .with("Allow", "GET, HEAD");
    }
  }

  /** A stored endpoint: the whole in the coding that is wanted, or a page of it. */
  public Timed endpoint(
      CamelContext context,
      @Variable("request") ClientRequest request,
      @Variable("endpoint") CachedEndpoint endpoint,
      @Variable("coding") String coding,
      @Variable("met") String met,
      @Simple("${ref:fastLane}") FastLane lane,
      @Simple("${ref:leases}") Leases leases,
      @Body Entry entry) {
    if (entry == null) {
      throw new Problem(503, "Not ready", endpoint.path() + " was lost from the store: try again.")
          .retryAfter(Duration.ofSeconds(1));
    }
    StoredAnswer answer =
        lane.answer(
            request,
            endpoint,
            null,
            entry,
            () -> {
              if (!request.query().isEmpty()) {
                PageRequest page = PageRequest.of(request.query());
                String name = entry.version() + "-" + page.perPage() + "-" + page.number();
                String url = PublicAddress.of(context, request) + request.path();
                return answer(endpoint, entry, name, null, page.links(url, entry), page.cut(entry));
              }
              return "gzip".equals(coding)
                  ? answer(endpoint, entry, entry.version() + "-gzip", "gzip", null, entry.gzip())
                  : answer(endpoint, entry, entry.version(), null, null, entry.body());
            });
    return new Timed(answer, entry.fetched(), leases.now(), met);
  }

  /** The first rows of a view; they are few, and so are never compressed. */
  public Timed view(
      @Variable("request") ClientRequest request,
      @Variable("asked") ViewRequest asked,
      @Variable("endpoint") CachedEndpoint list,
      @Variable("stored") Entry entry,
      @Variable("met") String met,
      @Simple("${ref:fastLane}") FastLane lane,
      @Simple("${ref:leases}") Leases leases,
      @Body Ranked ranked) {
    StoredAnswer answer =
        lane.answer(
            request,
            list,
            asked.view(),
            entry,
            () -> {
              byte[] rows = ranked.first(asked.n(), asked.descending());
              return answer(list, entry, Entry.version(rows), null, null, rows);
            });
    return new Timed(answer, entry.fetched(), leases.now(), met);
  }

  private static StoredAnswer answer(
      CachedEndpoint endpoint,
      Entry entry,
      String name,
      String coding,
      String link,
      byte[] content) {
    return new StoredAnswer(name, coding, entry.changed(), endpoint.every(), link, content);
  }
}
