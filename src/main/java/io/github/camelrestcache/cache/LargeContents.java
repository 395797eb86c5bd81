package io.github.camelrestcache.cache;

import io.github.camelrestcache.http.Backlog;
import io.github.camelrestcache.http.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;

/**
 * Room in memory for large contents on their way into the cache and out of it, where they are whole
 * and copied some times: all have a sixteenth of the heap, and wait for each other.
 */
final class LargeContents {

  /** Smaller ones need no room. */
  static final int SMALL = 64 * 1024;

  private static final long PATIENCE = 10;

  /** Who waits holds a thread. */
  private static final int MOST_WAITING = 32;

  private final Backlog backlog;
  private final int most;
  private final Semaphore room;
  private final ThreadLocal<Exchange> asking = new ThreadLocal<>();

  /**
   * @param heap how many bytes it has at most
   */
  LargeContents(long heap, Backlog backlog) {
    this.backlog = backlog;
    most = (int) Math.min(Integer.MAX_VALUE, heap / 16);
    room = new Semaphore(most, true);
  }

  /** For whom this thread looks into the cache from now on, or null. */
  void asks(Exchange exchange) {
    asking.set(exchange);
  }

  /** Takes room for whom this thread looks into the cache. */
  void take(long size) {
    take(asking.get(), size);
  }

  /** Takes room until the exchange is done, once; one that is larger than all room takes all. */
  private void take(Exchange exchange, long size) {
    if (exchange == null || exchange.getVariable(Backlog.ROOM) != null) {
      return;
    }
    int taken = (int) Math.min(size, most);
    try {
      if (!room.tryAcquire(taken, 0, TimeUnit.SECONDS)) {
        backlog.breakOffRoom();
        if (room.getQueueLength() >= MOST_WAITING
            || !room.tryAcquire(taken, PATIENCE, TimeUnit.SECONDS)) {
          throw Problem.busy("Many large answers are asked for at this time");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Problem.busy("The service is stopping");
    }
    exchange.setVariable(Backlog.ROOM, true);
    OnDone.run(exchange, () -> room.release(taken));
  }

  /**
   * Takes room for an answer that is going to be stored.
   *
   * @param longest what will be stored at most, in bytes
   */
  void take(Exchange exchange, ClassicHttpResponse response, int longest) throws IOException {
    HttpEntity entity = response.getEntity();
    if (entity == null || entity.getContentLength() > longest) {
      return;
    }
    if (entity.getContentLength() >= 0) {
      if (entity.getContentLength() > SMALL) {
        take(exchange, entity.getContentLength());
      }
      return;
    }
    InputStream content = entity.getContent();
    byte[] begin = content.readNBytes(SMALL + 1);
    if (begin.length <= SMALL) {
      response.setEntity(new ByteArrayEntity(begin, null));
      return;
    }
    take(exchange, longest);
    response.setEntity(Peeked.whole(begin, content, -1));
  }
}
