package io.github.camelrestcache.upstream;

import io.github.camelrestcache.ContextBean;
import io.github.camelrestcache.Hash;
import io.github.camelrestcache.Settings;
import io.github.camelrestcache.http.ClientRequest;
import io.github.camelrestcache.http.FixedAnswer;
import io.github.camelrestcache.http.HttpFields;
import io.github.camelrestcache.http.Problem;
import io.github.camelrestcache.http.PublicAddress;
import io.github.camelrestcache.http.RequestId;
import io.github.camelrestcache.lane.FastLane;
import io.github.camelrestcache.lane.Holding;
import io.github.camelrestcache.refresh.Pages;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.camel.BindToRegistry;
import org.apache.camel.Exchange;
import org.apache.camel.Header;
import org.apache.camel.Message;
import org.apache.camel.Variable;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.io.entity.InputStreamEntity;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What goes to GitHub and what comes back: credentials and header fields, both ways. */
@BindToRegistry(value = "github", initMethod = "start")
public class GitHub extends ContextBean {

  private static final Logger LOG = LoggerFactory.getLogger(GitHub.class);
  private static final String USER_AGENT = "camel-rest-cache";

  /** The conditions that a cache cannot decide (RFC 9111 4.3.2). */
  private static final List<String> PRECONDITIONS = List.of("If-Match", "If-Unmodified-Since");

  /** The fields that clients follow, and that are to lead them back here. */
  private static final List<String> LEADING = List.of("Link", "Location");

  /** What tells of the token: not for callers to whom it is only lent. */
  private static final List<String> OF_THE_TOKEN =
      List.of(
          "X-OAuth-Scopes",
          "X-Accepted-OAuth-Scopes",
          "X-OAuth-Client-Id",
          "X-GitHub-SSO",
          "github-authentication-token-expiration");

  private final AtomicBoolean scopesReported = new AtomicBoolean();
  private ServiceToken token;
  private TokenLending lending;
  private UpstreamUrls urls;
  private FastLane lane;

  /** Reads the settings. */
  public void start() {
    urls = new UpstreamUrls(context);
    lending = new TokenLending(Settings.get(context, "github.owner.paths"));
  }

  @Override
  protected void wire() {
    token = bean(ServiceToken.class);
    lane = bean(FastLane.class);
  }

  /** The request that fetches the next page for the store, or validates the stored one. */
  public UpstreamRequest page(
      @Variable("pages") Pages pages, @Variable("deadline") Instant deadline) {
    HttpFields fields =
        new HttpFields()
            .add("Accept", "application/vnd.github+json")
            .add("Accept-Encoding", "gzip")
            .add("User-Agent", USER_AGENT)
            .add("X-GitHub-Api-Version", Settings.get(context, "github.api.version"));
    if (pages.validator() != null) {
      fields.add("If-None-Match", pages.validator());
    }
    String ours = token.now();
    authorize(fields, ours);
    return new UpstreamRequest(
        "GET", pages.next(), fields, null, true, credential(null, ours), false, deadline);
  }

  /** The name of those whose answers refreshes get: the service's token, or nobody. */
  public String credential() {
    return credential(null, token.now());
  }

  /** Whether refreshes have a token, with which what has not changed costs nothing. */
  public boolean isAuthorized() {
    return !token.now().isEmpty();
  }

  /** Names all that decides what a page is, but its target: how it is asked for, and rewritten. */
  public String pageForm() {
    return Hash.of(
        String.join("\n", credential(), Settings.get(context, "github.api.version"), urls.form()));
  }

  /**
   * A client's request, to be passed on as it came.
   *
   * @throws Problem 400 for a target that is none
   */
  public UpstreamRequest passOn(@Variable("request") ClientRequest request) {
    if (!request.target().matches("/[!-~]*")) {
      throw new Problem(
          400,
          "Bad request",
          "The request target is no URI: percent-encode what RFC 3986 does not allow in one.");
    }
    HttpFields fields = request.fields().endToEnd();
    fields.set(RequestId.FIELD, request.id());
    if (!fields.contains("User-Agent")) {
      fields.add("User-Agent", USER_AGENT);
    }
    String own = request.fields().get("Authorization");
    boolean overridden = UpstreamRequest.isOverridden(request.fields());
    boolean lends =
        own == null
            && !overridden
            && lending.allows(request.method(), request.path())
            && !TokenLending.namesOwner(request.query());
    // once, for it may change
    String ours = lends ? token.now() : "";
    authorize(fields, ours);
    boolean cached =
        request.isRead()
            && request.body() == null
            && !overridden
            && PRECONDITIONS.stream().noneMatch(request.fields()::contains);
    return new UpstreamRequest(
        request.method(),
        request.target(),
        fields,
        content(request),
        !ours.isEmpty(),
        credential(own, ours),
        cached,
        null);
  }

  /**
   * The name of a partition of the cache. Nobody's is a shared one.
   *
   * @param own what the client sent, or null
   * @param lent the service's token, empty if it is not lent
   */
  private static String credential(String own, String lent) {
    if (own != null) {
      return Hash.of(own);
    }
    return lent.isEmpty() ? "nobody" : "lent " + Hash.of(lent);
  }

  private static void authorize(HttpFields fields, String token) {
    if (!token.isEmpty()) {
      fields.set("Authorization", "Bearer " + token);
    }
  }

  private static HttpEntity content(ClientRequest request) {
    if (request.body() == null) {
      return null;
    }
    if (request.method().equals("OPTIONS") && !request.fields().contains("Content-Type")) {
      throw new Problem(
          400, "Bad request", "An OPTIONS with content needs a Content-Type (RFC 9110 9.3.7).");
    }
    return new InputStreamEntity(request.body(), request.length(), null);
  }

  /** Makes GitHub's answer the answer to the client: its header fields as they came. */
  public void answer(
      Exchange exchange,
      @Variable("request") ClientRequest request,
      @Variable("ask") UpstreamRequest ask,
      @Variable("answered") HttpFields answered,
      @Variable("cacheStatus") String cacheStatus,
      @Variable("holding") Holding holding,
      @Variable("inMemory") Boolean inMemory,
      @Header(Exchange.HTTP_RESPONSE_CODE) int status)
      throws IOException {
    Message message = exchange.getMessage();
    message.removeHeaders("*");
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
    String here = PublicAddress.of(context, request);
    for (Map.Entry<String, String> field : fields.all()) {
      boolean leads = LEADING.stream().anyMatch(field.getKey()::equalsIgnoreCase);
      String value = leads ? urls.field(field.getValue(), here) : field.getValue();
      byName.computeIfAbsent(field.getKey(), name -> new ArrayList<>()).add(value);
    }
    if (holding == null) {
      message.setHeader(Exchange.HTTP_RESPONSE_CODE, status);
      byName.forEach(message::setHeader);
      if (inMemory != null) {
        message.setBody(whole(request, message.getBody()));
      }
      return;
    }
    byte[] content = whole(request, message.getBody());
    boolean held = lane.takes(content);
    List.of("Age", "Cache-Status").forEach(byName::remove);
    FixedAnswer answer = new FixedAnswer(status, byName, holding.freshness(), content, held);
    if (held) {
      lane.hold(request, answer, holding);
    }
    message.setBody(answer);
  }

  /** The content of a stored answer, null when there is none because only its head was wanted. */
  private static byte[] whole(ClientRequest request, Object body) throws IOException {
    if (request.method().equals("HEAD")) {
      return null;
    }
    try (InputStream content = body instanceof InputStream stream ? stream : null) {
      return content == null ? new byte[0] : content.readAllBytes();
    }
  }

  /** Warns once when the token that is lent can read more than what is public. */
  public void noteScopes(
      @Variable("ask") UpstreamRequest ask, @Variable("answered") HttpFields answered) {
    String scopes = answered.get("X-OAuth-Scopes");
    if (ask.lent()
        && scopes != null
        && !scopes.isBlank()
        && scopesReported.compareAndSet(false, true)) {
      LOG.warn(
          "GITHUB_API_TOKEN has the scopes '{}': anonymous callers can now read what it can read."
              + " A token without scopes lends rate limit only",
          scopes);
    }
  }
}
