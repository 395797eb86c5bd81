package io.github.camelrestcache.http;

import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.page.PageRequest;
import io.github.camelrestcache.refresh.Leases;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Near;
import io.github.camelrestcache.view.Ranked;
import io.github.camelrestcache.view.ViewRequest;
import java.time.Duration;
import java.time.Instant;
import org.apache.camel.BindToRegistry;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Variable;
import org.apache.camel.language.simple.Simple;
import org.apache.hc.client5.http.utils.DateUtils;

/** What is stored, as HTTP answers: status, header fields, JSON. */
@BindToRegistry("answers")
public class Answers {

  /** What is sent (RFC 9110 3.2), with its name among all that the path ever answered. */
  private record Representation(String name, String coding, byte[] content) {}

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
  public void endpoint(
      Exchange exchange,
      @Variable("request") ClientRequest request,
      @Variable("endpoint") CachedEndpoint endpoint,
      @Variable("coding") String coding,
      @Variable("met") String met,
      @Simple("${ref:near}") Near near,
      @Simple("${ref:leases}") Leases leases,
      @Body Entry entry) {
    if (entry == null) {
      throw new Problem(503, "Not ready", endpoint.path() + " was lost from the store: try again.")
          .retryAfter(Duration.ofSeconds(1));
    }
    Representation selected;
    if (!request.query().isEmpty()) {
      PageRequest page = PageRequest.of(request.query());
      String name = entry.version() + "-" + page.perPage() + "-" + page.number();
      selected = new Representation(name, null, page.cut(entry));
      String url = PublicAddress.of(exchange.getContext(), request) + request.path();
      exchange.getMessage().setHeader("Link", page.links(url, entry));
    } else if ("gzip".equals(coding)) {
      selected = new Representation(entry.version() + "-gzip", "gzip", entry.gzip());
    } else {
      selected = new Representation(entry.version(), null, near.body(endpoint, entry));
    }
    answer(exchange.getMessage(), request, endpoint, entry, leases.now(), met, selected);
  }

  /** The first rows of a view; they are cut for each request, and so are never compressed. */
  public void view(
      Exchange exchange,
      @Variable("request") ClientRequest request,
      @Variable("asked") ViewRequest asked,
      @Variable("endpoint") CachedEndpoint list,
      @Variable("stored") Entry entry,
      @Variable("met") String met,
      @Simple("${ref:leases}") Leases leases,
      @Body Ranked ranked) {
    byte[] rows = ranked.first(asked.n(), asked.descending());
    Representation selected = new Representation(Entry.version(rows), null, rows);
    answer(exchange.getMessage(), request, list, entry, leases.now(), met, selected);
  }

  private static void answer(
      Message message,
      ClientRequest request,
      CachedEndpoint endpoint,
      Entry entry,
      Instant now,
      String met,
      Representation selected) {
    long age = Math.max(0, Duration.between(entry.fetched(), now).toSeconds());
    long every = endpoint.every().toSeconds();
    String hit = "hit; ttl=" + (every - age) + (age > every + 1 ? "; detail=stale" : "");
    String entityTag = '"' + selected.name() + '"';
    message.setHeader("ETag", entityTag);
    message.setHeader("Cache-Control", "max-age=" + every);
    message.setHeader("Age", age);
    message.setHeader("Vary", "Accept-Encoding");
    message.setHeader("Cache-Status", "camel-rest-cache; " + (met == null ? hit : met));
    message.setHeader("Access-Control-Allow-Origin", "*");
    message.setHeader("Access-Control-Expose-Headers", "ETag, Link, Age, Cache-Status");
    if (Conditions.isNotModified(request.fields(), entityTag, entry.changed())) {
      // without what describes the content (RFC 9110 15.4.5)
      message.setHeader(Exchange.HTTP_RESPONSE_CODE, 304);
      message.setBody(null);
      return;
    }
    message.setHeader("Last-Modified", DateUtils.formatStandardDate(entry.changed()));
    message.setHeader("Content-Type", "application/json; charset=utf-8");
    message.setHeader("Content-Encoding", selected.coding());
    message.setBody(selected.content());
  }
}
