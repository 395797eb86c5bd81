package io.github.camelrestcache.http;

import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.view.Ranked;
import io.github.camelrestcache.view.ViewRequest;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.apache.camel.BindToRegistry;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Variable;

/** What is stored, as HTTP answers: status, header fields, JSON. */
@BindToRegistry("answers")
public class Answers {

  /** RFC 9110 5.6.7. */
  private static final DateTimeFormatter HTTP_DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US)
          .withZone(ZoneOffset.UTC);

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

  /** A stored endpoint. */
  public void endpoint(
      Exchange exchange,
      @Variable("endpoint") CachedEndpoint endpoint,
      @Variable("met") String met,
      @Body Entry entry) {
    answer(exchange.getMessage(), endpoint, entry, met, entry == null ? null : entry.body());
  }

  /** The first rows of a view. */
  public void view(
      Exchange exchange,
      @Variable("asked") ViewRequest asked,
      @Variable("endpoint") CachedEndpoint list,
      @Variable("stored") Entry entry,
      @Variable("met") String met,
      @Body Ranked ranked) {
    byte[] rows = ranked.first(asked.n(), asked.descending());
    answer(exchange.getMessage(), list, entry, met, rows);
  }

  private static void answer(
      Message message, CachedEndpoint endpoint, Entry entry, String met, byte[] body) {
    if (entry == null) {
      throw new Problem(503, "Not ready", endpoint.path() + " was lost from the store: try again.")
          .retryAfter(Duration.ofSeconds(1));
    }
    long age = Math.max(0, Duration.between(entry.fetched(), Instant.now()).toSeconds());
    String hit = "hit; ttl=" + (endpoint.every().toSeconds() - age);
    message.setHeader("Content-Type", "application/json; charset=utf-8");
    message.setHeader("Age", age);
    message.setHeader("Last-Modified", HTTP_DATE.format(entry.changed()));
    message.setHeader("Cache-Status", "camel-rest-cache; " + (met == null ? hit : met));
    message.setHeader("Access-Control-Allow-Origin", "*");
    message.setBody(body);
  }
}
