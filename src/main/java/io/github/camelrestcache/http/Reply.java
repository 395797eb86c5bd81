package io.github.camelrestcache.http;

/** An answer that is ready to be told. */
public interface Reply {

  /** Tells what a request is answered. */
  void tell(Response response, ClientRequest request);
}
