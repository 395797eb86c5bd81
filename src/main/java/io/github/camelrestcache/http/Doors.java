package io.github.camelrestcache.http;

import org.apache.camel.BindToRegistry;
import org.apache.camel.Variable;

/** Turns away the methods that a path of this service's own does not know. */
@BindToRegistry("doors")
public class Doors {

  /**
   * @throws Problem 405 for another method than GET or HEAD (RFC 9110 15.5.6)
   */
  public void readOnly(@Variable("request") ClientRequest request) {
    if (!request.isRead()) {
      throw new Problem(
              405, "Method not allowed", request.path() + " can only be read: use GET or HEAD.")
          .with("Allow", "GET, HEAD");
    }
  }
}
