package io.github.camelrestcache.serve;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.ContentCoding;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.InFlight;
import io.github.camelrestcache.base.InFlight.Share;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.RequestId;
import io.github.camelrestcache.cache.Fresh;
import io.github.camelrestcache.cache.Served;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Ranked;
import io.github.camelrestcache.upstream.Limit;
import io.github.camelrestcache.upstream.UpstreamUrls;
import io.github.camelrestcache.view.ViewRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
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
      throw lost(endpoint.path());
    }
    boolean isWhole = !PageRequest.selectsPage(request.query());
    return lane.stored(
        request,
        endpoint,
        null,
        entry,
        cacheStatus,
        () -> isWhole ? whole(endpoint, coding, entry) : page(request, endpoint, coding, entry));
  }

  private static Problem lost(String what) {
    return new Problem(503, "Not ready", what + " was lost from the store: try again.")
        .retryAfter(Duration.ofSeconds(1));
  }

  private static PreparedAnswer whole(CachedEndpoint endpoint, String coding, Entry entry) {
    if ("gzip".equals(coding)) {
      byte[] gzip = entry.gzip();
      Content content = gzip.length > InFlight.SMALL ? Content.shared(gzip) : Content.of(gzip);
      return new PreparedAnswer(endpoint, entry, entry.version(), coding, null, content);
    }
    Content content = entry.length() > LARGE ? Content.inflated(entry) : Content.of(entry.body());
    return new PreparedAnswer(endpoint, entry, entry.version(), null, null, content);
  }

  private PreparedAnswer page(
      ClientRequest request, CachedEndpoint endpoint, String coding, Entry entry) {
    PageRequest page = PageRequest.of(request.query());
    String tag = entry.version() + "-" + page.perPage() + "-" + page.number();
    String link = page.links(address.of(request) + request.path(), entry);
    byte[] stored = "gzip".equals(coding) ? page.stored(entry) : null;
    return stored == null
        ? shorter(endpoint, entry, tag, coding, link, page.cut(entry))
        : new PreparedAnswer(endpoint, entry, tag, coding, link, Content.of(stored));
  }

  /** JSON, in gzip if the client prefers that and it is shorter. */
  private static PreparedAnswer shorter(
      CachedEndpoint endpoint, Entry entry, String tag, String coding, String link, byte[] json) {
    byte[] gzip = "gzip".equals(coding) ? ContentCoding.gzip(json) : json;
    return gzip.length < json.length
        ? new PreparedAnswer(endpoint, entry, tag, coding, link, Content.of(gzip))
        : new PreparedAnswer(endpoint, entry, tag, null, link, Content.of(json));
  }

  /** The first rows of a view. */
  public Reply view(
      @Variable("request") ClientRequest request,
      @Variable("coding") String coding,
      @Variable("asked") ViewRequest asked,
      @Variable("endpoint") CachedEndpoint list,
      @Variable("lists") List<Entry> lists,
      @Variable("met") String cacheStatus,
      @Body Ranked ranked) {
    if (ranked == null) {
      throw lost("A list of the view '" + asked.view().name() + "'");
    }
    Entry entry = Entry.of(lists);
    return lane.stored(
        request,
        list,
        asked.view(),
        entry,
        cacheStatus,
        () -> {
          byte[] rows = ranked.first(asked.n(), asked.descending());
          return shorter(list, entry, Entry.version(rows), coding, null, rows);
        });
  }

  /**
   * The answer of GitHub or of the cache to a forwarded request.
   *
   * @throws IOException if the beginning of a content cannot be read
   */
  public void forwarded(
      Exchange exchange,
      @Variable("request") ClientRequest request,
      @Variable("served") Served served)
      throws IOException {
    Message message = exchange.getMessage();
    message.removeHeaders("*");
    Fresh stored = served.stored();
    if (stored == null) {
      pass(message, request, served.status(), served.fields(), served.content(), served);
      return;
    }
    Reply reply = lane.forwarded(request, served);
    if (reply != null) {
      message.setBody(reply);
      return;
    }
    if (!request.ticket().take(Share.STREAMS, 1)) {
      throw Problem.busy("Many large answers are requested without gzip at this time");
    }
    HttpFields fields = new HttpFields(stored.fields().all()).remove("Age");
    fields.all().stream().map(Map.Entry::getKey).filter(Limit::isOf).forEach(fields::remove);
    served.fields().all().forEach(field -> fields.add(field.getKey(), field.getValue()));
    InputStream content = new ByteArrayInputStream(stored.content());
    pass(message, request, stored.status(), fields, content, served);
  }

  /** Passes a response on as a stream, without gzip for clients that do not accept it. */
  private void pass(
      Message message,
      ClientRequest request,
      int status,
      HttpFields answered,
      InputStream content,
      Served served)
      throws IOException {
    HttpFields fields = answered.endToEnd().remove(RequestId.FIELD).removeCors();
    String length = answered.get("Content-Length");
    InputStream sent = content;
    if ("gzip".equalsIgnoreCase(fields.get("Content-Encoding"))
        && status != 206
        && ContentCoding.negotiated(request.fields().get("Accept-Encoding")).equals("identity")) {
      length = null;
      fields.remove("Content-Encoding");
      ContentCoding.vary(fields);
      sent = content == null ? null : ContentCoding.decoding(content);
    }
    if (length != null && !answered.contains("Transfer-Encoding")) {
      fields.add("Content-Length", length);
    }
    if (!request.fields().contains("Authorization")) {
      HeldResponse.OF_THE_TOKEN.forEach(fields::remove);
    }
    fields.add("Cache-Status", "camel-rest-cache; " + served.cacheStatus());
    String here = address.of(request);
    Map<String, List<String>> byName = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    for (Map.Entry<String, String> field : fields.all()) {
      boolean links = HeldResponse.LINKS.stream().anyMatch(field.getKey()::equalsIgnoreCase);
      String value = links ? urls.field(field.getValue(), here) : field.getValue();
      byName.computeIfAbsent(field.getKey(), name -> new ArrayList<>()).add(value);
    }
    message.setHeader(Exchange.HTTP_RESPONSE_CODE, status);
    byName.forEach(message::setHeader);
    message.setBody(request.method().equals("HEAD") ? null : sent);
  }
}
