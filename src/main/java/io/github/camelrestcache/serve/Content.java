package io.github.camelrestcache.serve;

import io.github.camelrestcache.store.Entry;
import io.netty.buffer.Unpooled;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/**
 * The content of an answer (RFC 9110 6.4).
 *
 * @param buffer the content, or null if it is empty or a stream
 * @param isShared whether all answers with this content share its memory while they are sent
 * @param list a list that is inflated while it is sent, or null
 */
public record Content(Buffer buffer, boolean isShared, Entry list) {

  /** No content, as in the answer to a HEAD. */
  public static final Content NONE = new Content(null, false, null);

  /** No content, because the client has it (RFC 9110 15.4.5). */
  static final Content NOT_MODIFIED = new Content(null, true, null);

  /** A content on the heap, which is copied each time that it is sent. */
  public static Content of(byte[] content) {
    return new Content(Buffer.buffer(content), false, null);
  }

  /**
   * A content outside the heap, which is sent as it is. The garbage collector frees it, so this is
   * for few and long-lived contents.
   */
  @SuppressWarnings("deprecation") // the way of Vert.x 4 to wrap memory
  static Content shared(byte[] content) {
    ByteBuffer direct = ByteBuffer.allocateDirect(content.length).put(content).flip();
    Buffer buffer = Buffer.buffer(Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(direct)));
    return new Content(buffer, true, null);
  }

  /** The JSON of a list that is too large to be held whole. */
  static Content inflated(Entry list) {
    return new Content(null, false, list);
  }

  /** The length in bytes. */
  public long length() {
    return list != null ? list.length() : size();
  }

  /** How many bytes of memory it takes. */
  public int size() {
    return buffer == null ? 0 : buffer.length();
  }

  /** Tells whose memory it takes while it is sent: only answers that share it have the same. */
  public Object memory() {
    return isShared ? this : new Object();
  }

  /** The content as a stream, or null if it is in memory. */
  public InputStream stream() throws IOException {
    return list == null ? null : list.content();
  }
}
