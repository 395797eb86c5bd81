package io.github.camelrestcache.serve;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Conditions;
import io.github.camelrestcache.base.ContentCoding;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.RequestId;
import io.github.camelrestcache.cache.Fresh;
import io.github.camelrestcache.upstream.Limit;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * A fresh response to forwarded requests, prepared once and sent many times. Its age, the rate
 * limit and the URLs of this service are added when it is sent.
 */
final class HeldResponse {

  /** Fields whose URLs clients follow, so that the URLs must lead to this service. */
  static final List<String> LINKS = List.of("Link", "Location");

  /** Fields about the service's token, hidden from clients that it is lent to. */
  static final List<String> OF_THE_TOKEN =
      List.of(
          "X-OAuth-Scopes",
          "X-Accepted-OAuth-Scopes",
          "X-Accepted-GitHub-Permissions",
          "X-OAuth-Client-Id",
          "X-GitHub-SSO",
          "github-authentication-token-expiration");

  private static final Pattern OF_A_CALLER = Pattern.compile("[0-9a-f]{64}");

  /** The longest content that is kept in both codings, in bytes. */
  private static final int MAX_DECODED = 64 << 10;

  /** The approximate size in memory without the content, in bytes. */
  private static final int OVERHEAD = 1500;

  /** The size of GitHub's usual fields, most of which are shared, in bytes. */
  private static final int USUAL_FIELDS = 2500;

  /** How many times smaller the gzip of GitHub's JSON is. */
  private static final int USUAL_RATIO = 5;

  private final Fresh fresh;
  private final boolean isGzip;
  private final String entityTag;
  private final String lastModified;
  private final String modified;
  private final String resource;
  private final Content content;
  private volatile Content plain;
  private volatile boolean isLarge;
  private final Map<String, String> links = new TreeMap<>();
  private final PreparedFields fields = new PreparedFields();
  private final PreparedFields ofContent = new PreparedFields();

  /**
   * Prepares a response.
   *
   * @throws Problem 502 if a field is invalid
   */
  HeldResponse(Fresh response) {
    HttpFields all = new HttpFields(response.fields().all()).removeCors();
    all.remove(RequestId.FIELD).remove("Age");
    isGzip =
        "gzip".equalsIgnoreCase(all.get("Content-Encoding"))
            && ContentCoding.isGzip(response.content());
    entityTag = all.get("ETag");
    // RFC 9111 4.3.2: without Last-Modified, Date replaces it
    lastModified = all.get("Last-Modified");
    modified = lastModified == null ? all.get("Date") : lastModified;
    resource = all.get(Limit.PREFIX + "resource");
    content = Content.of(response.content());
    if (!OF_A_CALLER.matcher(response.credential()).matches()) {
      OF_THE_TOKEN.forEach(all::remove);
    }
    if (isGzip) {
      all.remove("Content-Encoding");
      ContentCoding.vary(all);
    }
    try {
      all.all().forEach(this::add);
    } catch (IllegalArgumentException e) {
      throw Problem.unreadable();
    }
    // the prepared fields replace them
    fresh =
        new Fresh(
            response.key(),
            response.credential(),
            response.status(),
            null,
            null,
            response.names(),
            response.stamp(),
            response.origin(),
            response.lifetime());
  }

  private void add(Map.Entry<String, String> field) {
    String name = field.getKey();
    String lower = name.toLowerCase(Locale.ROOT);
    if (LINKS.stream().anyMatch(name::equalsIgnoreCase)) {
      PreparedFields.check(name, field.getValue());
      links.put(name, field.getValue());
    } else if (lower.startsWith("content-") && !lower.equals("content-location")) {
      ofContent.add(name, field.getValue());
    } else if (!Limit.isOf(name)) {
      fields.add(name, field.getValue());
    }
  }

  Fresh fresh() {
    return fresh;
  }

  /** The resource of the rate limit that it counts against, or null. */
  String resource() {
    return resource;
  }

  /** The approximate size in memory, in bytes; most of the fields are shared. */
  int size() {
    int decoded = isGzip ? Math.min(MAX_DECODED, USUAL_RATIO * content.size()) : 0;
    int more = Math.max(0, fields.size() - USUAL_FIELDS);
    int linked = links.values().stream().mapToInt(String::length).sum();
    return OVERHEAD + content.size() + decoded + more + linked;
  }

  /** The size of the content, in bytes. */
  int contentSize() {
    return content.size();
  }

  /** Whether it may be sent now without looking into the store. */
  boolean isCurrent() {
    return fresh.stamp().isCurrent() && fresh.age() < fresh.lifetime();
  }

  /** Whether a request for its key selects another response. */
  boolean isNotFor(HttpFields asked) {
    return fresh.names().stream().anyMatch(asked::contains);
  }

  /**
   * The reply to a request.
   *
   * @param changing the fields that change: the age and the rate limit
   * @param links the value for this client of a {@code Link} or {@code Location}
   * @return null if the content has to be decoded and is large
   */
  Reply reply(
      ClientRequest request, HttpFields changing, String cacheStatus, UnaryOperator<String> links) {
    HttpFields asked = request.fields();
    boolean isDecoded =
        isGzip && ContentCoding.negotiated(asked.get("Accept-Encoding")).equals("identity");
    Content whole = isDecoded ? plain() : content;
    if (whole == null) {
      return null;
    }
    Part part = fresh.status() == 200 ? Part.of(asked, entityTag, lastModified, whole) : null;
    String coding = isGzip && !isDecoded ? "gzip" : null;
    return new Held(whole, coding, part, changing, cacheStatus, links);
  }

  /**
   * The decoded content, or null if it is large or invalid. It is kept: most clients of a resource
   * accept the same coding.
   */
  private Content plain() {
    if (plain == null && !isLarge && content.size() <= MAX_DECODED) {
      try {
        byte[] gzip = content.buffer().getBytes();
        byte[] decoded = ContentCoding.decoded("gzip", gzip, MAX_DECODED + 1);
        isLarge = decoded.length > MAX_DECODED;
        plain = isLarge ? null : Content.of(decoded);
      } catch (IOException e) {
        isLarge = true; // invalid
      }
    }
    return plain;
  }

  private final class Held implements Reply {

    private final Content whole;
    private final String coding;
    private final Part part;
    private final HttpFields changing;
    private final String cacheStatus;
    private final UnaryOperator<String> toHere;

    private Held(
        Content whole,
        String coding,
        Part part,
        HttpFields changing,
        String cacheStatus,
        UnaryOperator<String> toHere) {
      this.whole = whole;
      this.coding = coding;
      this.part = part;
      this.changing = changing;
      this.cacheStatus = cacheStatus;
      this.toHere = toHere;
    }

    @Override
    public String route() {
      return FastLane.FORWARD;
    }

    @Override
    public Content content(ClientRequest request) {
      if (fresh.status() == 200
          && Conditions.isNotModified(request.fields(), entityTag, modified)) {
        return Content.NOT_MODIFIED;
      } else if (request.method().equals("HEAD") || fresh.status() == 204) {
        return Content.NONE;
      }
      return part == null ? whole : part.content();
    }

    @Override
    public void begin(HttpServerResponse response, Content sent) {
      MultiMap headers = response.headers();
      fields.addTo(headers);
      links.forEach((name, value) -> headers.add(name, toHere.apply(value)));
      changing.all().forEach(field -> headers.add(field.getKey(), field.getValue()));
      headers.add("Cache-Status", "camel-rest-cache; " + cacheStatus);
      if (sent == Content.NOT_MODIFIED) {
        response.setStatusCode(304);
        return;
      }
      boolean isPart = part != null && sent == part.content();
      response.setStatusCode(isPart ? part.status() : fresh.status());
      ofContent.addTo(headers);
      if (coding != null) {
        headers.add("Content-Encoding", coding);
      }
      if (isPart) {
        headers.add("Content-Range", part.range());
      }
      if (fresh.status() != 204) {
        int length = isPart ? part.content().size() : whole.size();
        headers.add("Content-Length", Integer.toString(length));
      }
    }
  }
}
