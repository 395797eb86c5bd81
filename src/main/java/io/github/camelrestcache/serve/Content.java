package io.github.camelrestcache.serve;

import io.github.camelrestcache.store.Entry;
import io.netty.buffer.Unpooled;
import io.vertx.core.buffer.Buffer;
import java.nio.ByteBuffer;

/**
 * The content of an answer (RFC 9110 6.4).
 *
 * @param buffer the content, or null if it is empty or a stream
 * @param isShared whether concurrent answers share its memory instead of copying it
 * @param list a list that is decompressed while it is sent, or null
 */
public record Content(Buffer buffer, boolean isShared, Entry list) {

  /** No content, as in the answer to a HEAD. */
  public static final Content NONE = new Content(null, false, null);

  /** No content, because the client has it (RFC 9110 15.4.5). */
  static final Content NOT_MODIFIED = new Content(null, true, null);

  /** Content on the heap, which is copied each time that it is sent. */
  public static Content of(byte[] content) {
    return new Content(Buffer.buffer(content), false, null);
  }

  /**
   * Content in direct memory, which is sent without a copy. Only garbage collection frees direct
   * memory, so use this for few and long-lived contents.
   */
  @SuppressWarnings("deprecation") // Vert.x 4 has no other way to wrap memory
  static Content shared(byte[] content) {
    ByteBuffer direct = ByteBuffer.allocateDirect(content.length).put(content).flip();
    Buffer buffer = Buffer.buffer(Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(direct)));
    return new Content(buffer, true, null);
  }

  /** The JSON of a list that is too large to be held decompressed. */
  static Content inflated(Entry list) {
    return new Content(null, false, list);
  }

  /** The length in bytes. */
  public long length() {
    return list == null ? size() : list.length();
  }

  /** The size in memory, in bytes. */
  public int size() {
    return buffer == null ? 0 : buffer.length();
  }

  /** Identifies the memory that it takes while it is sent. */
  public Object memory() {
    return isShared ? this : new Object();
  }
}
