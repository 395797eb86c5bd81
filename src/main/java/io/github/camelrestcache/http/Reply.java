package io.github.camelrestcache.http;

import io.vertx.core.Future;
import io.vertx.core.http.HttpServerResponse;

/** An answer that is ready to be sent. */
public interface Reply {

  /** Sends it; done when it is with the operating system. */
  Future<Void> send(HttpServerResponse response, ClientRequest request);
}
