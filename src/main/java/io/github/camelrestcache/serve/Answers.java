package io.github.camelrestcache.serve;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.InFlight;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.RequestId;
import io.github.camelrestcache.cache.Holding;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.serve.StoredAnswer.Timed;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Ranked;
import io.github.camelrestcache.upstream.UpstreamUrls;
import io.github.camelrestcache.view.ViewRequest;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.Header;
import org.apache.camel.Message;
import org.apache.camel.Variable;

/**
 * What routes have found, as HTTP answers: status, header fields, content.
 *
 * @param clock the one that stored times are told by
 */
public record Answers(FastLane lane, PublicAddress address, UpstreamUrls urls, Clock clock) {

  /** A larger list is not held whole without its gzip, but inflated while it is sent. */
  private static final int LARGE = 2 << 20;

  /** The fields that clients follow, and that have to lead them back here. */
  private static final List<String> LEADING = List.of("Link", "Location");

  /** Fields about the service's token: not for callers to whom it is only lent. */
  private static final List<String> OF_THE_TOKEN =
      List.of(
          "X-OAuth-Scopes",
          "X-Accepted-OAuth-Scopes",
          "X-OAuth-Client-Id",
          "X-GitHub-SSO",
          "github-authentication-token-expiration");

  /**
   * Refuses writes to a path of this service itself.
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

  /** A stored endpoint, whole in the negotiated coding, or one page of it. */
  public Timed endpoint(
      @Variable("request") ClientRequest request,
      @Variable("endpoint") CachedEndpoint endpoint,
      @Variable("coding") String coding,
      @Variable("met") String status,
      @Body Entry entry) {
    if (entry == null) {
      throw new Problem(503, "Not ready", endpoint.path() + " was lost from the store: try again.")
          .retryAfter(Duration.ofSeconds(1));
    }
    StoredAnswer answer =
        request.query().isEmpty()
            ? lane.answer(request, endpoint, null, entry, () -> whole(endpoint, coding, entry))
            : lane.answer(request, endpoint, null, entry, () -> page(request, endpoint, entry));
    return new Timed(answer, entry.fetched(), clock.instant(), status);
  }

  private static StoredAnswer whole(CachedEndpoint endpoint, String coding, Entry entry) {
    if ("gzip".equals(coding)) {
      String name = entry.version() + "-gzip";
      byte[] gzip = entry.gzip();
      Content content = gzip.length > InFlight.SMALL ? Content.shared(gzip) : Content.of(gzip);
      return answer(endpoint, entry, name, coding, null, content);
    }
    Content content = entry.length() > LARGE ? Content.inflated(entry) : Content.of(entry.body());
    return answer(endpoint, entry, entry.version(), null, null, content);
  }

  private StoredAnswer page(ClientRequest request, CachedEndpoint endpoint, Entry entry) {
    PageRequest page = PageRequest.of(request.query());
    String name = entry.version() + "-" + page.perPage() + "-" + page.number();
    String link = page.links(address.of(request) + request.path(), entry);
    return answer(endpoint, entry, name, null, link, Content.of(page.cut(entry)));
  }

  /** The first rows of a view. They are few, and so never compressed. */
  public Timed view(
      @Variable("request") ClientRequest request,
      @Variable("asked") ViewRequest asked,
      @Variable("endpoint") CachedEndpoint list,
      @Variable("stored") Entry entry,
      @Variable("met") String status,
      @Body Ranked ranked) {
    StoredAnswer answer =
        lane.answer(
            request,
            list,
            asked.view(),
            entry,
            () -> {
              byte[] rows = ranked.first(asked.n(), asked.descending());
              return answer(list, entry, Entry.version(rows), null, null, Content.of(rows));
            });
    return new Timed(answer, entry.fetched(), clock.instant(), status);
  }

  private static StoredAnswer answer(
      CachedEndpoint endpoint,
      Entry entry,
      String name,
      String coding,
      String link,
      Content content) {
    return new StoredAnswer(name, coding, entry.changed(), endpoint.every(), link, content);
  }

  /** GitHub's answer, or a stored one, as the answer to the client: its fields as they came. */
  public void forwarded(
      Exchange exchange,
      @Variable("request") ClientRequest request,
      @Variable("answered") HttpFields answered,
      @Variable("cacheStatus") String cacheStatus,
      @Variable("holding") Holding holding,
      @Variable("inMemory") Boolean inMemory,
      @Header(Exchange.HTTP_RESPONSE_CODE) int status)
      throws IOException {
    Message message = exchange.getMessage();
    message.removeHeaders("*");
    Map<String, List<String>> fields = fields(request, answered, cacheStatus);
    if (holding == null) {
      message.setHeader(Exchange.HTTP_RESPONSE_CODE, status);
      fields.forEach(message::setHeader);
      if (inMemory != null) {
        message.setBody(whole(request, message.getBody()));
      }
      return;
    }
    byte[] content = whole(request, message.getBody());
    List.of("Age", "Cache-Status").forEach(fields::remove);
    FixedAnswer answer = new FixedAnswer(status, fields, holding.freshness(), content);
    if (lane.takes(content)) {
      lane.hold(request, answer, holding);
    }
    message.setBody(answer);
  }

  private Map<String, List<String>> fields(
      ClientRequest request, HttpFields answered, String cacheStatus) {
    HttpFields fields = answered.endToEnd().remove(RequestId.FIELD);
    if (!request.fields().contains("Authorization")) {
      OF_THE_TOKEN.forEach(fields::remove);
    }
    String length = answered.get("Content-Length");
    if (length != null && !answered.contains("Transfer-Encoding")) {
      fields.add("Content-Length", length);
    }
    fields.add("Cache-Status", "camel-rest-cache; " + cacheStatus);
    Map<String, List<String>> byName = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    String here = address.of(request);
    for (Map.Entry<String, String> field : fields.all()) {
      boolean leads = LEADING.stream().anyMatch(field.getKey()::equalsIgnoreCase);
      String value = leads ? urls.field(field.getValue(), here) : field.getValue();
      byName.computeIfAbsent(field.getKey(), name -> new ArrayList<>()).add(value);
    }
    return byName;
  }

  /** The content of a stored answer, null for an answer to HEAD. */
  private static byte[] whole(ClientRequest request, Object body) throws IOException {
    if (request.method().equals("HEAD")) {
      return null;
    }
    try (InputStream content = body instanceof InputStream stream ? stream : null) {
      return content == null ? new byte[0] : content.readAllBytes();
    }
  }
}
