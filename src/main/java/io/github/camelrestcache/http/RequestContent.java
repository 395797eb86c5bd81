package io.github.camelrestcache.http;

import io.github.camelrestcache.base.Problem;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The content of a request as a stream for a worker thread. It arrives on the event loop, one chunk
 * per fetch, so that memory stays bounded. A client that waits for {@code 100 Continue} (RFC 9110
 * 10.1.1) gets it at the first read.
 */
final class RequestContent extends InputStream {

  private static final Object END = new Object();

  /** The maximum of unread bytes that are skipped to keep the connection. */
  private static final long MAX_UNWANTED = 25L * 1024 * 1024;

  private final BlockingQueue<Object> arrived = new LinkedBlockingQueue<>();
  private final HttpServerRequest request;
  private final long most;
  private volatile boolean unwanted;
  private long passed;
  private long read;
  private boolean asked;
  private boolean ended;
  private byte[] chunk = {};
  private int position;

  /** To be called on the event loop before any content is read. */
  RequestContent(HttpServerRequest request, long most) {
    this.request = request;
    this.most = most;
    request.pause();
    request.handler(
        buffer -> {
          if (!unwanted) {
            arrived.add(buffer);
          } else if ((passed += buffer.length()) > MAX_UNWANTED) {
            request.connection().close();
          }
        });
    request.endHandler(end -> arrived.add(END));
    request.exceptionHandler(
        failure -> {
          try {
            refuse(failure); // before the route answers into a closed connection
          } finally {
            arrived.add(failure);
          }
        });
  }

  /** Answers 400 to a malformed chunk; Vert.x only closes the connection. */
  private void refuse(Throwable failure) {
    if (failure instanceof IOException
        || failure instanceof HttpClosedException
        || request.response().headWritten()) {
      return;
    }
    RequestCheck.refuse(
        request, RequestCheck.bad("A chunk of the content is malformed (RFC 9112 7.1)."));
  }

  @Override
  public int read() throws IOException {
    return fill() ? chunk[position++] & 0xff : -1;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (!fill()) {
      return -1;
    }
    int count = Math.min(length, chunk.length - position);
    System.arraycopy(chunk, position, target, offset, count);
    position += count;
    return count;
  }

  private boolean fill() throws IOException {
    while (!ended && position == chunk.length) {
      if (!asked) {
        asked = true;
        if ("100-continue".equalsIgnoreCase(request.getHeader("Expect"))) {
          request.response().writeContinue();
        }
      }
      request.fetch(1);
      Object next = next();
      if (next instanceof Buffer buffer) {
        chunk = buffer.getBytes();
        position = 0;
        read += chunk.length;
        if (read > most) {
          throw RequestCheck.tooLarge(most);
        }
      } else {
        ended = true;
        if (next instanceof Throwable failure) {
          throw new IOException("the client's request broke off", failure);
        }
      }
    }
    return !ended;
  }

  private Object next() throws IOException {
    try {
      Object next = arrived.poll(Call.IDLE_MILLIS, TimeUnit.MILLISECONDS);
      if (next == null) {
        throw new Problem(
            408, "Request timeout", "The content of the request did not arrive: send it again.");
      }
      return next;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    }
  }

  /**
   * Skips the rest of the content, unless it is very long, so that the connection can be reused.
   */
  @Override
  public void close() {
    unwanted = true;
    arrived.clear();
    request.resume();
    if (!asked && request.getHeader("Expect") != null) {
      request.connection().close(); // the client still waits for 100 Continue
    }
  }
}
