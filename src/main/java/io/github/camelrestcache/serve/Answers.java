package io.github.camelrestcache.serve;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.InFlight;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.RequestId;
import io.github.camelrestcache.cache.Served;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Ranked;
import io.github.camelrestcache.upstream.UpstreamUrls;
import io.github.camelrestcache.view.ViewRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.Variable;

/** Turns what the routes have found into HTTP answers: status, header fields and content. */
public record Answers(FastLane lane, PublicAddress address, UpstreamUrls urls) {

  /** A longer list is decompressed while it is sent. */
  private static final int LARGE = 2 << 20;

  /**
   * Rejects writes to a path of this service.
   *
   * @throws Problem 405 for a method other than GET or HEAD (RFC 9110 15.5.6)
   */
  public void refuseWrites(@Variable("request") ClientRequest request) {
    if (!request.isRead()) {
      throw new Problem(
              405, "Method not allowed", request.path() + " can only be read: use GET or HEAD.")
          .with("Allow", "GET, HEAD");
    }
  }

  /** A stored endpoint, whole in the negotiated coding, or one page of it. */
  public Reply endpoint(
      @Variable("request") ClientRequest request,
      @Variable("endpoint") CachedEndpoint endpoint,
      @Variable("coding") String coding,
      @Variable("met") String cacheStatus,
      @Body Entry entry) {
    if (entry == null) {
      throw new Problem(503, "Not ready", endpoint.path() + " was lost from the store: try again.")
          .retryAfter(Duration.ofSeconds(1));
    }
    boolean isWhole = !PageRequest.selectsPage(request.query());
    return lane.stored(
        request,
        endpoint,
        null,
        entry,
        cacheStatus,
        () -> isWhole ? whole(endpoint, coding, entry) : page(request, endpoint, entry));
  }

  private static PreparedAnswer whole(CachedEndpoint endpoint, String coding, Entry entry) {
    if ("gzip".equals(coding)) {
      byte[] gzip = entry.gzip();
      Content content = gzip.length > InFlight.SMALL ? Content.shared(gzip) : Content.of(gzip);
      String tag = entry.version() + "-gzip";
      return new PreparedAnswer(endpoint, entry, tag, coding, null, content);
    }
    Content content = entry.length() > LARGE ? Content.inflated(entry) : Content.of(entry.body());
    return new PreparedAnswer(endpoint, entry, entry.version(), null, null, content);
  }

  private PreparedAnswer page(ClientRequest request, CachedEndpoint endpoint, Entry entry) {
    PageRequest page = PageRequest.of(request.query());
    String tag = entry.version() + "-" + page.perPage() + "-" + page.number();
    String link = page.links(address.of(request) + request.path(), entry);
    return new PreparedAnswer(endpoint, entry, tag, null, link, Content.of(page.cut(entry)));
  }

  /** The first rows of a view. They are few, so they are never compressed. */
  public Reply view(
      @Variable("request") ClientRequest request,
      @Variable("asked") ViewRequest asked,
      @Variable("endpoint") CachedEndpoint list,
      @Variable("stored") Entry entry,
      @Variable("met") String cacheStatus,
      @Body Ranked ranked) {
    return lane.stored(
        request,
        list,
        asked.view(),
        entry,
        cacheStatus,
        () -> {
          byte[] rows = ranked.first(asked.n(), asked.descending());
          String tag = Entry.version(rows);
          return new PreparedAnswer(list, entry, tag, null, null, Content.of(rows));
        });
  }

  /** The answer of GitHub or of the cache to a forwarded request. */
  public void forwarded(
      Exchange exchange,
      @Variable("request") ClientRequest request,
      @Variable("served") Served served) {
    Message message = exchange.getMessage();
    message.removeHeaders("*");
    Reply reply = served.fresh() == null ? null : lane.forwarded(request, served.fresh());
    if (reply != null && served.isHit()) {
      message.setBody(reply);
      return;
    }
    message.setHeader(Exchange.HTTP_RESPONSE_CODE, served.status());
    fields(request, served).forEach(message::setHeader);
    message.setBody(served.content());
  }

  /** The fields for the client, by name. */
  private Map<String, List<String>> fields(ClientRequest request, Served served) {
    HttpFields fields = new HttpFields(served.fields().all()).remove(RequestId.FIELD);
    if (!request.fields().contains("Authorization")) {
      HeldResponse.OF_THE_TOKEN.forEach(fields::remove);
    }
    fields.add("Cache-Status", "camel-rest-cache; " + served.cacheStatus());
    Map<String, List<String>> byName = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    String here = address.of(request);
    for (Map.Entry<String, String> field : fields.all()) {
      boolean links = HeldResponse.LINKS.stream().anyMatch(field.getKey()::equalsIgnoreCase);
      String value = links ? urls.field(field.getValue(), here) : field.getValue();
      byName.computeIfAbsent(field.getKey(), name -> new ArrayList<>()).add(value);
    }
    return byName;
  }
}
