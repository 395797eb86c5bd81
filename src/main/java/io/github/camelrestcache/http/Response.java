package io.github.camelrestcache.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.AsciiString;
import io.netty.util.concurrent.FastThreadLocal;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.impl.BufferImpl;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.impl.HttpUtils;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What a client is answered: status, header fields and content. Vert.x sends it, or it is written
 * to the connection as it is (RFC 9112 4), which takes less time.
 */
public final class Response {

  /** Header fields whose names and values are checked and encoded once, for many responses. */
  public static final class Fields {

    private final List<CharSequence> namesAndValues = new ArrayList<>();
    private AsciiString lines = AsciiString.EMPTY_STRING;

    /** How many bytes it takes in memory, about. */
    int size() {
      return 2 * lines.length() + 32 * namesAndValues.size();
    }

    /**
     * Adds a field.
     *
     * @throws IllegalArgumentException if HTTP does not allow its name or value (RFC 9110 5)
     */
    Fields add(String name, String value) {
      HttpUtils.validateHeader(name, value);
      namesAndValues.add(new AsciiString(name));
      namesAndValues.add(new AsciiString(value));
      lines = new AsciiString(lines + name + COLON + value + END);
      return this;
    }
  }

  /** A longer content is not copied, but goes to the connection behind the head. */
  private static final int SHORT = 8 * 1024;

  private static final int ROOM = 2 * SHORT;

  /**
   * What an event loop writes with, one response after the other: a pool counts, which takes
   * longer.
   */
  private static final FastThreadLocal<ByteBuf> BUFFER =
      new FastThreadLocal<>() {
        @Override
        protected ByteBuf initialValue() {
          return Unpooled.directBuffer(ROOM);
        }

        @Override
        protected void onRemoval(ByteBuf buffer) {
          buffer.release();
        }
      };

  /**
   * What is outside the heap goes away with a collection of the heap, which knows nothing of it.
   * The JVM has one done for each allocation that fails, with hundreds of threads a minute of them.
   */
  private static final class Outside {
    private static final BufferPoolMXBean POOL =
        ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .filter(pool -> pool.getName().equals("direct"))
            .findFirst()
            .orElseThrow();

    private static final long MOST = Runtime.getRuntime().maxMemory() / 4 * 3;
    private static final long BETWEEN = TimeUnit.SECONDS.toNanos(1);
    private static long collected = System.nanoTime() - BETWEEN;

    /** Whether there is room for so many bytes, perhaps after a collection, one in a second. */
    static synchronized boolean hasRoom(int size) {
      if (POOL.getMemoryUsed() + size > MOST && System.nanoTime() - collected >= BETWEEN) {
        System.gc();
        collected = System.nanoTime();
      }
      return POOL.getMemoryUsed() + size <= MOST;
    }
  }

  private static final AsciiString COLON = new AsciiString(": ");
  private static final AsciiString END = new AsciiString("\r\n");

  private final List<CharSequence> namesAndValues = new ArrayList<>();
  private final List<Fields> prepared = new ArrayList<>();
  private int status = HttpResponseStatus.OK.code();
  private ByteBuf content;

  /**
   * A content outside the heap, so that it goes to any number of connections as it is.
   *
   * @throws Problem 503 when there is no room
   */
  static ByteBuf outsideTheHeap(byte[] content) {
    if (!Outside.hasRoom(content.length)) {
      throw Problem.busy("There is no memory for more answers");
    }
    return Unpooled.unreleasableBuffer(
        Unpooled.wrappedBuffer(ByteBuffer.allocateDirect(content.length).put(content).flip()));
  }

  /** Begins another one. */
  void clear() {
    namesAndValues.clear();
    prepared.clear();
    status = HttpResponseStatus.OK.code();
    content = null;
  }

  int status() {
    return status;
  }

  Response status(int status) {
    this.status = status;
    return this;
  }

  /** Adds a field that HTTP allows. */
  Response add(CharSequence name, CharSequence value) {
    namesAndValues.add(name);
    namesAndValues.add(value);
    return this;
  }

  Response add(Fields fields) {
    prepared.add(fields);
    return this;
  }

  /** Gives it a content, whose length is told by a field. */
  Response content(ByteBuf content) {
    this.content = content;
    return this;
  }

  /** Tells its content from those of other responses; one on the heap is in no other. */
  Object content() {
    return content != null && content.hasArray() ? new Object() : content;
  }

  /** How many bytes of content it has. */
  int size() {
    return content == null ? 0 : content.readableBytes();
  }

  /** The value of the last field that was added with this very name, or null. */
  CharSequence get(CharSequence name) {
    for (int i = namesAndValues.size() - 2; i >= 0; i -= 2) {
      if (namesAndValues.get(i) == name) {
        return namesAndValues.get(i + 1);
      }
    }
    return null;
  }

  /** Has Vert.x send it; done when it is with the operating system. */
  Future<Void> send(HttpServerResponse response) {
    response.setStatusCode(status);
    add(response.headers(), namesAndValues);
    prepared.forEach(fields -> add(response.headers(), fields.namesAndValues));
    return content == null ? response.end() : response.end(BufferImpl.buffer(content.duplicate()));
  }

  private static void add(MultiMap fields, List<CharSequence> namesAndValues) {
    for (int i = 0; i < namesAndValues.size(); i += 2) {
      fields.add(namesAndValues.get(i), namesAndValues.get(i + 1));
    }
  }

  /**
   * Writes it to a connection, which is not flushed.
   *
   * @param written done when it is with the operating system
   */
  void write(ChannelHandlerContext connection, HttpVersion version, ChannelPromise written) {
    boolean copied = content != null && content.readableBytes() <= SHORT;
    ByteBuf buffer = BUFFER.get();
    boolean taken = buffer.refCnt() > 1; // by a response that is not with the operating system yet
    ByteBuf head = taken ? connection.alloc().directBuffer() : buffer.clear().retain();
    put(head, version.text());
    head.writeByte(' ');
    put(head, HttpResponseStatus.valueOf(status).toString());
    put(head, END);
    for (int i = 0; i < namesAndValues.size(); i += 2) {
      put(head, namesAndValues.get(i));
      put(head, COLON);
      put(head, namesAndValues.get(i + 1));
      put(head, END);
    }
    for (Fields fields : prepared) {
      put(head, fields.lines);
    }
    put(head, END);
    if (copied) {
      head.writeBytes(content, content.readerIndex(), content.readableBytes());
    }
    if (content == null || copied) {
      connection.write(head, written);
    } else {
      connection.write(head);
      connection.write(content.duplicate(), written);
    }
  }

  private static void put(ByteBuf head, CharSequence text) {
    ByteBufUtil.writeAscii(head, text);
  }
}
