package io.github.camelrestcache.serve;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.CachedEndpoint.Shape;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.camel.Variable;

/**
 * Which requests what is stored answers, and in which form (RFC 9110 12).
 *
 * @param version the version of GitHub's API that is stored
 */
public record Negotiation(String version) {

  private static final Pattern PARAMETER = Pattern.compile("\\s*;\\s*");

  /** What is stored has one media type: it, its other names, and the ranges that hold it. */
  private static final Set<String> STORED_TYPE =
      Set.of(
          "*/*",
          "application/*",
          "application/json",
          "application/vnd.github+json",
          "application/vnd.github.v3+json");

  /**
   * Whether the endpoint at a request's path, or null, has what the request wants: the whole or a
   * page of a list, as JSON, in the version of the API that it was fetched in. When in doubt it has
   * not, and GitHub is asked.
   */
  public boolean isStored(
      @Variable("request") ClientRequest request, @Variable("endpoint") CachedEndpoint endpoint) {
    if (endpoint == null) {
      return false;
    }
    String wanted = request.fields().get("X-GitHub-Api-Version");
    boolean query =
        request.query().isEmpty()
            || endpoint.shape() == Shape.LIST && PageRequest.of(request.query()) != null;
    return query
        && (wanted == null || wanted.equals(version))
        && isAcceptable(request.fields().get("Accept"));
  }

  private static boolean isAcceptable(String accept) {
    return accept == null
        || STORED_TYPE.contains(accept)
        || weights(accept).entrySet().stream()
            .allMatch(type -> STORED_TYPE.contains(type.getKey()) && type.getValue() > 0);
  }

  /**
   * The content coding of the answer (RFC 9110 12.5.3): {@code gzip} if the client takes it as
   * gladly as {@code identity}, which is also what it gets if it refuses both. A page is not
   * compressed.
   */
  public String coding(@Variable("request") ClientRequest request) {
    String field = request.fields().get("Accept-Encoding");
    if (field == null) {
      return "identity";
    }
    Map<String, Double> weights = weights(field);
    double identity = weights.getOrDefault("identity", weights.getOrDefault("*", 0.0));
    boolean refused = weights.containsKey("identity") && identity == 0;
    double others = weights.getOrDefault("*", refused ? 1.0 : 0.0);
    double gzip = weights.getOrDefault("gzip", weights.getOrDefault("x-gzip", others));
    return request.query().isEmpty() && gzip > 0 && gzip >= identity ? "gzip" : "identity";
  }

  /** The members of a list, without their parameters, by weight (RFC 9110 12.4.2). */
  private static Map<String, Double> weights(String field) {
    Map<String, Double> weights = new HashMap<>();
    for (String member : field.toLowerCase(Locale.ROOT).split(",")) {
      String[] parts = PARAMETER.split(member.strip(), -1);
      if (!member.isBlank()) {
        weights.merge(parts[0], weight(parts), Math::min);
      }
    }
    return weights;
  }

  /** A weight that is none counts as a refusal. */
  private static double weight(String... parts) {
    return Arrays.stream(parts)
        .skip(1)
        .filter(parameter -> parameter.startsWith("q="))
        .map(parameter -> parameter.substring(2))
        .findFirst()
        .map(q -> q.matches("0(\\.\\d{0,3})?|1(\\.0{0,3})?") ? Double.parseDouble(q) : 0)
        .orElse(1.0);
  }
}
