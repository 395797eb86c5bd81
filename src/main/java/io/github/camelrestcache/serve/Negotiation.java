package io.github.camelrestcache.serve;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.ContentCoding;
import io.github.camelrestcache.base.MediaTypes;
import io.github.camelrestcache.base.Weights;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.CachedEndpoint.Shape;
import java.util.function.Predicate;
import org.apache.camel.Variable;

/**
 * Decides which requests the store can answer, and in which content coding (RFC 9110 12).
 *
 * @param version the version of GitHub's API that is stored
 * @param isForAll whether requests with an Authorization are answered from the store too
 */
public record Negotiation(String version, boolean isForAll) {

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

  /** Whether a request accepts the stored media type, API version and view of the service. */
  boolean isAcceptable(ClientRequest request, CachedEndpoint endpoint) {
    String wanted = request.fields().get("X-GitHub-Api-Version");
    String field = request.fields().get("Accept");
    String accept = field == null || field.isBlank() ? "*/*" : field;
    String declared = endpoint.accept();
    Predicate<String> isStored =
        MediaTypes.isJson(declared) ? MediaTypes::isName : declared::equals;
    return (isForAll || !request.fields().contains("Authorization"))
        && (wanted == null || wanted.equals(version))
        && (isStored.test(accept)
            || Weights.of(accept).entrySet().stream()
                .allMatch(type -> isStored.test(type.getKey()) && type.getValue() > 0));
  }

  /** The content coding of the answer; requests for pages get {@code identity}. */
  public String coding(@Variable("request") ClientRequest request) {
    return PageRequest.selectsPage(request.query())
        ? "identity"
        : ContentCoding.negotiated(request.fields().get("Accept-Encoding"));
  }
}
