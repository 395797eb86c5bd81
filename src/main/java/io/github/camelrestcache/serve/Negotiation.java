package io.github.camelrestcache.serve;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.CachedEndpoint.Shape;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.Variable;

/**
 * Decides which requests the store can answer, and in which content coding (RFC 9110 12).
 *
 * @param version the version of GitHub's API that is stored
 */
public record Negotiation(String version) {

  private static final Pattern Q = Pattern.compile(";\\s*q=([^;]*)");
  private static final Pattern WEIGHT = Pattern.compile("(0(\\.\\d{0,3})?|1(\\.0{0,3})?)\\s*");

  /** The usual media type: its names, and the ranges that contain it. */
  private static final Set<String> JSON =
      Set.of(
          "*/*",
          "application/*",
          "application/json",
          "application/vnd.github+json",
          "application/vnd.github.v3+json");

  /**
   * Whether the store has what a request wants: the whole endpoint, or a page of a list, in the
   * stored media type and API version. If in doubt, the request is forwarded to GitHub.
   *
   * @param endpoint the endpoint at the path of the request, or null
   */
  public boolean isStored(
      @Variable("request") ClientRequest request, @Variable("endpoint") CachedEndpoint endpoint) {
    if (endpoint == null) {
      return false;
    }
    boolean hasPart =
        !PageRequest.selectsPage(request.query())
            || endpoint.shape() == Shape.LIST && PageRequest.of(request.query()) != null;
    return hasPart && isAcceptable(request, endpoint);
  }

  /** Whether a request accepts the stored media type and API version. */
  boolean isAcceptable(ClientRequest request, CachedEndpoint endpoint) {
    String wanted = request.fields().get("X-GitHub-Api-Version");
    String field = request.fields().get("Accept");
    String accept = field == null || field.isBlank() ? "*/*" : field;
    String declared = endpoint.accept();
    Set<String> stored = declared.isEmpty() || JSON.contains(declared) ? JSON : Set.of(declared);
    return (wanted == null || wanted.equals(version))
        && (stored.contains(accept)
            || weights(accept).entrySet().stream()
                .allMatch(type -> stored.contains(type.getKey()) && type.getValue() > 0));
  }

  /**
   * The content coding of the answer (RFC 9110 12.5.3): {@code gzip} if the client does not prefer
   * {@code identity}. A client that refuses both gets {@code identity}, and so do requests for
   * pages.
   */
  public String coding(@Variable("request") ClientRequest request) {
    String field = request.fields().get("Accept-Encoding");
    if (field == null || PageRequest.selectsPage(request.query())) {
      return "identity";
    }
    Map<String, Double> weights = weights(field);
    double identity = weights.getOrDefault("identity", weights.getOrDefault("*", 0.0));
    boolean refused = weights.containsKey("identity") && identity == 0;
    double others = weights.getOrDefault("*", refused ? 1.0 : 0.0);
    double gzip = weights.getOrDefault("gzip", weights.getOrDefault("x-gzip", others));
    return gzip > 0 && gzip >= identity ? "gzip" : "identity";
  }

  /** The members of a list, without their parameters, with their weights (RFC 9110 12.4.2). */
  private static Map<String, Double> weights(String field) {
    Map<String, Double> weights = new HashMap<>();
    for (String member : field.toLowerCase(Locale.ROOT).split(",")) {
      if (!member.isBlank()) {
        weights.merge(member.split(";", 2)[0].strip(), weight(member), Math::min);
      }
    }
    return weights;
  }

  /** The weight of a member; an invalid weight counts as 0. */
  private static double weight(String member) {
    Matcher q = Q.matcher(member);
    if (!q.find()) {
      return 1;
    }
    return WEIGHT.matcher(q.group(1)).matches() ? Double.parseDouble(q.group(1)) : 0;
  }
}
