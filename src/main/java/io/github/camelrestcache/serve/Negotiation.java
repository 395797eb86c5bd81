package io.github.camelrestcache.serve;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.ContentCoding;
import io.github.camelrestcache.base.MediaTypes;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.CachedEndpoint.Shape;
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
    return (isForAll || !request.fields().contains("Authorization"))
        && (wanted == null || wanted.equals(version))
        && MediaTypes.names(request.fields().get("Accept"), endpoint.accept());
  }

  /** The content coding that a client prefers. */
  public String coding(@Variable("request") ClientRequest request) {
    return ContentCoding.negotiated(request.fields().get("Accept-Encoding"));
  }
}
