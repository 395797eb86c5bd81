package io.github.camelrestcache.standin;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.camelrestcache.standin.Call.Caller;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.Signature;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Plays GitHub Apps: verifies their JSON web tokens as GitHub does, and issues installation tokens
 * that expire. The tokens of an installation share its rate limit.
 */
public final class AppTokens {

  private static final Pattern PATH =
      Pattern.compile("/app/installations/([^/]+)/access_tokens|/orgs/([^/]+)/installation|/app");

  private static final String UNREADABLE = "A JSON web token could not be decoded";

  private record App(PublicKey key, String org, long installation) {}

  private record Issued(Caller caller, Instant end) {}

  private final Map<String, App> apps = new ConcurrentHashMap<>();
  private final Map<String, Issued> tokens = new ConcurrentHashMap<>();
  private final List<String> issued = new CopyOnWriteArrayList<>();
  private volatile Duration lifetime = Duration.ofHours(1);

  AppTokens() {}

  /** Installs an App, known by this id and key, on an organization. */
  public void install(String id, PublicKey key, String org, long installation) {
    apps.put(id, new App(key, org, installation));
  }

  /** Sets how long tokens live that are issued from now on; GitHub's live for an hour. */
  public void lifetime(Duration time) {
    lifetime = time;
  }

  /** Returns all tokens that were issued, the oldest first. */
  public List<String> issued() {
    return List.copyOf(issued);
  }

  /** Ends all tokens that were issued, as when they are revoked. */
  public void revoke() {
    tokens.clear();
  }

  /** Returns whose installation token this is, or null when it is unknown or has ended. */
  Caller caller(String token) {
    Issued known = tokens.get(token);
    return known != null && Instant.now().isBefore(known.end()) ? known.caller() : null;
  }

  /** Answers a request about an installation; null if it is about something else. */
  Answer answer(Recorded request) {
    Matcher path = PATH.matcher(request.path());
    if (!path.matches()) {
      return null;
    }
    String given = request.header("Authorization");
    App app;
    try {
      app = app(given == null ? "" : given.replaceFirst("(?i)^bearer +", ""));
    } catch (IllegalArgumentException refused) {
      return Answer.error(401, refused.getMessage(), "rest");
    }
    if (request.path().equals("/app") && request.method().equals("GET")) {
      return Answer.json(200, GitHubJson.MAPPER.createObjectNode().put("slug", "the-app"));
    }
    boolean creates = path.group(1) != null;
    boolean here =
        creates
            ? path.group(1).equals(Long.toString(app.installation()))
            : app.org().equalsIgnoreCase(path.group(2));
    if (!here || !request.method().equals(creates ? "POST" : "GET")) {
      return Answer.notFound();
    }
    ObjectNode body = GitHubJson.MAPPER.createObjectNode();
    if (!creates) {
      return Answer.json(
          200, body.put("id", app.installation()).put("target_type", "Organization"));
    }
    String token = "ghs_" + UUID.randomUUID().toString().replace("-", "") + "aB3x";
    // to the second, as GitHub does
    Instant end = Instant.now().plus(lifetime).truncatedTo(ChronoUnit.SECONDS);
    Caller caller =
        new Caller("installation " + app.installation(), "the-app[bot]", List.of(), List.of());
    tokens.put(token, new Issued(caller, end));
    issued.add(token);
    body.put("token", token).put("expires_at", end.toString());
    body.putObject("permissions").put("metadata", "read");
    return Answer.json(201, body.put("repository_selection", "all"));
  }

  /**
   * Verifies a JSON web token.
   *
   * @throws IllegalArgumentException with GitHub's message
   */
  private App app(String jwt) {
    String[] parts = jwt.split("\\.", -1);
    if (parts.length != 3) {
      throw new IllegalArgumentException(UNREADABLE);
    }
    JsonNode claims = json(parts[1]);
    App app = apps.get(claims.path("iss").asText());
    boolean signed =
        app != null
            && json(parts[0]).path("alg").asText().equals("RS256")
            && isSigned(app.key(), parts[0] + '.' + parts[1], parts[2]);
    if (!signed) {
      throw new IllegalArgumentException(UNREADABLE);
    }
    long now = Instant.now().getEpochSecond();
    long end = claims.path("exp").asLong(0);
    if (end <= now) {
      throw new IllegalArgumentException(
          "'Expiration time' claim ('exp') must be a numeric value representing the future time at"
              + " which the assertion expires");
    }
    if (end > now + 600) {
      throw new IllegalArgumentException(
          "'Expiration time' claim ('exp') is too far in the future");
    }
    if (claims.path("iat").asLong(Long.MAX_VALUE) > now) {
      throw new IllegalArgumentException(
          "'Issued at' claim ('iat') must be an Integer representing the time that the assertion"
              + " was issued");
    }
    return app;
  }

  private static JsonNode json(String part) {
    try {
      return GitHubJson.MAPPER.readTree(Base64.getUrlDecoder().decode(part));
    } catch (IOException | IllegalArgumentException malformed) {
      throw new IllegalArgumentException(UNREADABLE);
    }
  }

  private static boolean isSigned(PublicKey key, String content, String signature) {
    try {
      Signature rsa = Signature.getInstance("SHA256withRSA");
      rsa.initVerify(key);
      rsa.update(content.getBytes(US_ASCII));
      return rsa.verify(Base64.getUrlDecoder().decode(signature));
    } catch (GeneralSecurityException | IllegalArgumentException malformed) {
      return false;
    }
  }
}
