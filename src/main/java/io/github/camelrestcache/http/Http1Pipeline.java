package io.github.camelrestcache.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.impl.VertxHttpRequestDecoder;
import io.vertx.core.net.impl.ConnectionBase;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Decodes pipelined requests one at a time (RFC 9112 9.3.2), as Vert.x 5 does. While a request is
 * unanswered, or the client does not read, the following bytes wait and no more are read. Refuses
 * ambiguous framing (RFC 9112 6.1, 11.2), and closes connections that are idle or send a head too
 * slowly.
 */
final class Http1Pipeline extends VertxHttpRequestDecoder {

  /** A field of no RFC, after which Netty reads eight more bytes. */
  private static final CharSequence OLD_WEBSOCKET =
      HttpHeaders.createOptimized("Sec-WebSocket-Key1");

  private static final Set<String> VERSIONS = Set.of("HTTP/1.0", "HTTP/1.1");

  private final long maxHeadMillis;
  private boolean whole = true;
  private boolean answered = true;
  private boolean closes;
  private boolean waits;
  private String version;
  private Future<?> headTimer;

  private Http1Pipeline(HttpServerOptions options, Duration head) {
    super(options);
    maxHeadMillis = head.toMillis();
  }

  static void prepare(HttpConnection connection, HttpServerOptions options, Duration head) {
    var channel = ((ConnectionBase) connection).channel();
    var decoder = new Http1Pipeline(options, head);
    long idle = options.getIdleTimeoutUnit().toMillis(options.getIdleTimeout());
    channel.pipeline().replace("httpDecoder", "httpDecoder", decoder);
    channel.pipeline().replace("idle", "idle", decoder.new Answers(idle / 2));
    // small reads, because what is read may have to wait here
    channel.config().setRecvByteBufAllocator(new AdaptiveRecvByteBufAllocator(512, 2048, 8192));
  }

  /** Closes a connection at once; Vert.x would flush it first. */
  static void breakOff(HttpConnection connection) {
    var channel = ((ConnectionBase) connection).channel();
    channel.eventLoop().execute(() -> channel.unsafe().close(channel.newPromise()));
  }

  @Override
  protected void decode(ChannelHandlerContext context, ByteBuf bytes, List<Object> out)
      throws Exception {
    boolean waited = waits;
    waits = whole && !mayBegin(context);
    if (waits || waited) {
      // before the request is passed on, because Vert.x may pause its content
      context.channel().config().setAutoRead(!waits);
    }
    if (waits) {
      return;
    }
    super.decode(context, bytes, out);
    if (!out.isEmpty()) {
      whole = out.get(out.size() - 1) instanceof LastHttpContent;
    } else if (whole && headTimer == null && (version != null || bytes.isReadable())) {
      headTimer =
          context.executor().schedule(() -> context.close(), maxHeadMillis, TimeUnit.MILLISECONDS);
    }
  }

  private boolean mayBegin(ChannelHandlerContext context) {
    return answered && !closes && context.channel().isWritable();
  }

  /** Decodes the bytes that wait, after Vert.x has noticed the end of the answer. */
  private void goOn(ChannelHandlerContext context) {
    if (waits && mayBegin(context)) {
      var none = context.alloc().buffer(0, 0);
      var tls = context.pipeline().context("ssl"); // which would keep an empty buffer
      var before = tls == null ? context.pipeline() : tls;
      context.executor().execute(() -> before.fireChannelRead(none).fireChannelReadComplete());
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    goOn(context);
    context.fireChannelWritabilityChanged();
  }

  /** Does not read on if no message is complete, as Netty does even while one waits. */
  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    context.fireChannelReadComplete();
  }

  /** Ignores a head that is incomplete when the connection is closed. */
  @Override
  protected void decodeLast(ChannelHandlerContext context, ByteBuf bytes, List<Object> out) {}

  @Override
  protected HttpMessage createMessage(String[] requestLine) {
    version = requestLine[2];
    if (!VERSIONS.contains(version) && version.matches("\\S+/\\d+\\.\\d+")) {
      requestLine[2] = "HTTP/1.1"; // the version of the answer
    }
    return super.createMessage(requestLine);
  }

  /** Netty calls this after each head, and reads no more of the connection if it throws. */
  @Override
  protected boolean isContentAlwaysEmpty(HttpMessage message) {
    answered = false;
    if (headTimer != null) {
      headTimer.cancel(false);
      headTimer = null;
    }
    if (!VERSIONS.contains(version)) {
      throw new UnsupportedOperationException(version);
    }
    version = null;
    var fields = message.headers();
    boolean clear =
        !fields.contains(HttpHeaders.TRANSFER_ENCODING)
            || message.protocolVersion().isKeepAliveDefault() // HTTP/1.1
                && !fields.contains(HttpHeaders.CONTENT_LENGTH)
                && String.join(",", fields.getAll(HttpHeaders.TRANSFER_ENCODING))
                    .equalsIgnoreCase("chunked");
    if (!clear || fields.contains(OLD_WEBSOCKET) || fields.contains("")) {
      throw new IllegalArgumentException("ambiguous framing, or a field without a name");
    }
    if (fields.containsValue(HttpHeaders.CONNECTION, HttpHeaders.CLOSE, true)) {
      fields.add(HttpHeaders.CONNECTION, HttpHeaders.CLOSE); // Vert.x overlooks it in a list
    }
    return false;
  }

  /**
   * Notices the ends of answers, and idle connections. Closes the connection after an answer with
   * {@code Connection: close}, which Vert.x does only if the request has it.
   */
  private final class Answers extends IdleStateHandler {

    Answers(long halfMillis) {
      super(true, 0, 0, halfMillis, TimeUnit.MILLISECONDS);
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise written)
        throws Exception {
      boolean interim = message instanceof HttpResponse head && head.status().code() < 200;
      closes |=
          message instanceof HttpResponse head
              && head.headers().contains(HttpHeaders.CONNECTION, HttpHeaders.CLOSE, true);
      boolean ends = message instanceof LastHttpContent && !interim;
      answered |= ends;
      goOn(context);
      ChannelPromise sent = written;
      if (ends && closes) {
        sent = written.unvoid();
        sent.addListener(done -> context.close());
      }
      super.write(context, message, sent);
    }

    /** Vert.x closes the connection after a malformed chunk; this sends the answer first. */
    @Override
    public void close(ChannelHandlerContext context, ChannelPromise closed) {
      context.flush();
      context.close(closed);
    }

    /** Skips each first event, which does not know whether anything is being sent. */
    @Override
    protected void channelIdle(ChannelHandlerContext context, IdleStateEvent event) {
      if (!event.isFirst()) {
        context.fireUserEventTriggered(event);
      }
    }
  }
}
