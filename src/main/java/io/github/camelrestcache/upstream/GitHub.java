package io.github.camelrestcache.upstream;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.MediaTypes;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.RequestId;
import io.github.camelrestcache.base.Settings;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.camel.Variable;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.io.entity.InputStreamEntity;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Builds requests to GitHub: targets, credentials and header fields. */
public final class GitHub {

  private static final Logger LOG = LoggerFactory.getLogger(GitHub.class);
  static final String USER_AGENT = "camel-rest-cache";

  /** Fields with which a server may treat a GET as a write. */
  private static final List<String> METHOD_OVERRIDES =
      List.of("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override");

  /** The same, and preconditions that a cache cannot evaluate (RFC 9111 4.3.2). */
  private static final List<String> UNCACHED =
      Stream.concat(METHOD_OVERRIDES.stream(), Stream.of("If-Match", "If-Unmodified-Since"))
          .toList();

  private static final Pattern TARGET = Pattern.compile("/[!-~]*");

  /** A permission by name, unlike {@code allows_permissionless_access=true}. */
  private static final Pattern GRANTED = Pattern.compile("=(read|write|admin)");

  private static final Pattern SCHEME = Pattern.compile("(?i)^(token|bearer) +");

  private record Lent(String token, String credential) {}

  /** The token that was lent last, with its partition, because hashing it takes time. */
  private volatile Lent lastLent = new Lent("", "");

  /** The credentials, and their endpoints, that the log has warned of. */
  private final Set<String> reported = ConcurrentHashMap.newKeySet();

  private final ServiceToken token;
  private final TokenStatus status;
  private final TokenLending lending;
  private final UpstreamUrls urls;
  private final String version;

  public GitHub(
      Settings.GitHub settings, ServiceToken token, TokenStatus status, UpstreamUrls urls) {
    this.token = token;
    this.status = status;
    this.urls = urls;
    lending = new TokenLending(settings.ownerPaths());
    version = settings.version();
  }

  /**
   * The request for a page to store.
   *
   * @param target path and query of the page
   * @param accept the media type, or an empty string for JSON
   * @param validator the stored {@code ETag} of the page, or null
   * @param deadline when the request is aborted
   */
  public UpstreamRequest page(String target, String accept, String validator, Instant deadline) {
    HttpFields fields =
        new HttpFields()
            .add("Accept", accept.isEmpty() ? MediaTypes.JSON : accept)
            .add("Accept-Encoding", "gzip")
            .add("User-Agent", USER_AGENT)
            .add("X-GitHub-Api-Version", version);
    if (validator != null) {
      fields.add("If-None-Match", validator);
    }
    String ours = token.now();
    authorize(fields, ours);
    return new UpstreamRequest(
        "GET", target, fields, null, true, credential(null, ours), null, deadline);
  }

  /** The cache partition of refreshes: that of the service's token, or {@code nobody}. */
  public String credential() {
    return credential(null, token.now());
  }

  /** The cache partition of a caller's credential, or of the service's for callers without one. */
  public String credential(ClientRequest caller) {
    return credential(caller.fields().get("Authorization"), token.now());
  }

  /** Whether refreshes have a token, which makes a 304 free. */
  public boolean isAuthorized() {
    return !token.now().isEmpty();
  }

  /** Why refreshes lack the token that they should have, or null. */
  public String missingToken() {
    return token.missing();
  }

  /**
   * Whether refreshes may send the token, or have none.
   *
   * @param pause the time that must have passed since GitHub has refused it
   */
  public boolean mayTry(Duration pause) {
    return status.mayTry(token.now(), pause);
  }

  /** The state of the service's token: {@code none}, {@code ready}, or what is wrong with it. */
  public String tokenState() {
    return status.isRefused(token.now()) ? TokenStatus.REFUSED : token.state();
  }

  /** Identifies all that determines a page, with its entity tag, except its target. */
  public String pageForm(String kind) {
    return Hash.of(String.join("\n", token.now(), version, urls.form()) + kind);
  }

  /**
   * A client's request, to be passed on unchanged.
   *
   * @throws Problem 400 if the target is not a valid URI
   */
  public UpstreamRequest passOn(@Variable("request") ClientRequest request) {
    if (!TARGET.matcher(request.target()).matches()) {
      throw new Problem(
          400,
          "Bad request",
          "The request target is not a valid URI: percent-encode as RFC 3986 requires.");
    }
    HttpFields sent = request.fields();
    HttpFields fields = sent.endToEnd().set(RequestId.FIELD, request.id());
    if (!fields.contains("User-Agent")) {
      fields.add("User-Agent", USER_AGENT);
    }
    String lent = lent(request); // read once: it may change
    authorize(fields, lent);
    String credential = credential(sent.get("Authorization"), lent);
    String key = key(request, credential);
    // whichever client asks, GitHub is asked in the same way
    if (key != null && MediaTypes.isJson(sent.get("Accept"))) {
      fields.set("Accept", MediaTypes.JSON);
    }
    if (key != null && !sent.contains("Range")) {
      fields.set("Accept-Encoding", "gzip");
    }
    return new UpstreamRequest(
        request.method(),
        request.target(),
        fields,
        content(request),
        !lent.isEmpty(),
        credential,
        key,
        null);
  }

  /** Identifies what the cache may answer a request with, or null. */
  public String key(ClientRequest request) {
    return key(request, credential(request.fields().get("Authorization"), lent(request)));
  }

  /** A hash of the credential, the target, the version and the media type. */
  private String key(ClientRequest request, String credential) {
    HttpFields sent = request.fields();
    if (!request.isRead() || request.body() != null || UNCACHED.stream().anyMatch(sent::contains)) {
      return null;
    }
    String accept = sent.get("Accept");
    String version = sent.get("X-GitHub-Api-Version");
    return Hash.of(
        String.join(
            "\n",
            credential,
            urls.form(),
            version == null ? "" : "=" + version,
            MediaTypes.isJson(accept) ? MediaTypes.JSON : accept,
            request.target()));
  }

  /** The service's token if it is lent to a request, or an empty string. */
  private String lent(ClientRequest request) {
    HttpFields sent = request.fields();
    boolean lends =
        request.body() == null // which cannot be sent again without the token
            && !sent.contains("Authorization")
            && METHOD_OVERRIDES.stream().noneMatch(sent::contains)
            && lending.allows(request.method(), request.path())
            && !TokenLending.namesOwner(request.query());
    String ours = lends ? token.now() : "";
    return status.mayLend(ours) ? ours : "";
  }

  /**
   * The name of a cache partition. Requests without a credential share {@code nobody}.
   *
   * @param own the client's Authorization, or null
   * @param lent the service's token, empty if it is not lent
   */
  private String credential(String own, String lent) {
    if (own != null) {
      return Hash.of(SCHEME.matcher(own).replaceFirst("Bearer ")); // GitHub takes either
    } else if (lent.isEmpty()) {
      return "nobody";
    }
    Lent last = lastLent;
    if (!last.token().equals(lent)) {
      last = new Lent(lent, "lent " + Hash.of(token.owner(lent)));
      lastLent = last;
    }
    return last.credential();
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
          400, "Bad request", "OPTIONS with content needs a Content-Type (RFC 9110 9.3.7).");
    }
    return new InputStreamEntity(request.body(), request.length(), null);
  }

  /** Warns once for each credential if the lent token can read more than public data. */
  public void noteScopes(
      @Variable("ask") UpstreamRequest ask, @Variable("answered") UpstreamResponse answered) {
    if (!ask.lent() || ask.isShared()) {
      return;
    }
    String scopes = answered.fields().get("X-OAuth-Scopes"); // only of classic tokens
    String permissions = answered.fields().get("X-Accepted-GitHub-Permissions");
    boolean isGranted =
        scopes == null
            ? permissions != null && answered.status() < 400 && GRANTED.matcher(permissions).find()
            : !scopes.isBlank();
    if (isGranted && reported.add(ask.credential())) {
      LOG.warn(
          "The service's token has the {} '{}': callers without a credential can read what it can"
              + " read. Use a token without scopes, or an App without permissions",
          scopes == null ? "permissions" : "scopes",
          scopes == null ? permissions : scopes);
    }
  }

  /** Warns once for each credential and endpoint whose stored list has private items. */
  public void notePrivate(String path) {
    if (isAuthorized() && reported.add(credential() + " " + path)) {
      LOG.warn("{} has private items: callers without a credential can read them", path);
    }
  }
}
