package io.github.camelrestcache.serve;

import io.github.camelrestcache.base.ClientRequest;
import io.vertx.core.http.HttpServerResponse;

/** An answer that is ready to be sent. */
public interface Reply {

  /** The content to send to a client: none for a HEAD, or if the client has it. */
  Content content(ClientRequest request);

  /**
   * Sets the status and the fields of a response.
   *
   * @param content what will be sent
   */
  void begin(HttpServerResponse response, Content content);
}
