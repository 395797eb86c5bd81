package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.InFlight.Share;
import io.github.camelrestcache.base.Problem;
import java.io.IOException;
import java.io.InputStream;
import org.apache.camel.Exchange;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;

/**
 * Reserves memory for large contents on their way into the cache and out of it, where they are
 * copied several times.
 */
final class ContentRoom {

  /** Contents up to this many bytes need no reservation. */
  static final int SMALL = 64 << 10;

  /** The request that this thread serves, which the library does not pass to its storage. */
  private final ThreadLocal<ClientRequest> asking;

  ContentRoom(ThreadLocal<ClientRequest> asking) {
    this.asking = asking;
  }

  /** Sets the request that this thread serves, or null. */
  void asks(Exchange exchange) {
    asking.set(request(exchange));
  }

  /** Reserves memory for the request that this thread serves. */
  void take(long size) {
    take(asking.get(), size);
  }

  private static ClientRequest request(Exchange exchange) {
    return exchange == null ? null : exchange.getVariable("request", ClientRequest.class);
  }

  private static void take(ClientRequest request, long size) {
    if (request != null && !request.ticket().take(Share.CONTENTS, size)) {
      throw Problem.busy("Many large answers are requested at this time");
    }
  }

  /**
   * Reserves memory for an answer that will be stored.
   *
   * @param longest the largest content that is stored, in bytes
   */
  static void take(Exchange exchange, ClassicHttpResponse response, int longest)
      throws IOException {
    HttpEntity entity = response.getEntity();
    if (entity == null || entity.getContentLength() > longest) {
      return;
    }
    if (entity.getContentLength() >= 0) {
      if (entity.getContentLength() > SMALL) {
        take(request(exchange), entity.getContentLength());
      }
      return;
    }
    InputStream content = entity.getContent();
    byte[] begin = content.readNBytes(SMALL + 1);
    if (begin.length <= SMALL) {
      response.setEntity(new ByteArrayEntity(begin, null));
      return;
    }
    take(request(exchange), longest);
    response.setEntity(Peeked.whole(begin, content, -1));
  }
}
