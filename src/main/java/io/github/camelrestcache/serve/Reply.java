package io.github.camelrestcache.serve;

import io.github.camelrestcache.base.ClientRequest;
import io.vertx.core.http.HttpServerResponse;

/** A prepared answer at a certain age, to one request. */
public interface Reply {

  /** The route that the request is metered as. */
  String route();

  /** The content to send to a client: none for a HEAD, or if the client's copy is current. */
  Content content(ClientRequest request);

  /**
   * Sets the status and the fields of a response.
   *
   * @param content what will be sent
   */
  void begin(HttpServerResponse response, Content content);
}
