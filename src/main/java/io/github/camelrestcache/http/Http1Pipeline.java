package io.github.camelrestcache.http;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.ReferenceCountUtil;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.impl.VertxHttpRequestDecoder;
import io.vertx.core.net.impl.ConnectionBase;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * What Vert.x 4 lacks on a connection. Requests are handed over one at a time (RFC 9112 9.3.2):
 * while one is unanswered, or the client does not read, the connection is not read either. Vert.x 5
 * does that by itself. An idle connection is closed.
 */
final class Http1Pipeline extends IdleStateHandler {

  /** A version of HTTP other than 1.0 and 1.1 (RFC 9110 15.6.6). */
  static final class UnknownVersion extends IllegalArgumentException {
    private static final long serialVersionUID = 1;
  }

  /** A field of no RFC, after which Netty reads eight more bytes. */
  private static final CharSequence OLD_WEBSOCKET =
      HttpHeaders.createOptimized("Sec-WebSocket-Key1");

  private static final CharSequence NO_NAME = HttpHeaders.createOptimized("");
  private static final Pattern CLOSE = Pattern.compile("(?i)(^|[,\\s])close($|[,\\s])");

  private final Queue<Object> waiting = new ArrayDeque<>();
  private boolean inContent;
  private boolean busy;
  private boolean ends;
  private boolean quiet;
  private long readingSince = System.nanoTime();

  private Http1Pipeline(long idleMillis) {
    super(true, 0, 0, idleMillis, TimeUnit.MILLISECONDS);
  }

  static void prepare(HttpConnection connection, HttpServerOptions options, Duration head) {
    var pipeline = ((ConnectionBase) connection).channel().pipeline();
    // half the time: its first event does not know whether anything is being sent
    long half = options.getIdleTimeoutUnit().toMillis(options.getIdleTimeout()) / 2;
    Http1Pipeline here = new Http1Pipeline(half);
    pipeline.replace("httpDecoder", "httpDecoder", here.new RequestDecoder(options, head));
    pipeline.replace("idle", "idle", here);
    // small reads, because what is read may have to wait here
    pipeline
        .channel()
        .config()
        .setRecvByteBufAllocator(new AdaptiveRecvByteBufAllocator(512, 2048, 8192));
  }

  /** Closes a connection at once; Vert.x would flush it first. */
  static void breakOff(HttpConnection connection) {
    var channel = ((ConnectionBase) connection).channel();
    channel.eventLoop().execute(() -> channel.unsafe().close(channel.newPromise()));
  }

  /** Refuses ambiguous framing (RFC 9112 6.1, 11.2), and gives up heads that trickle in. */
  private final class RequestDecoder extends VertxHttpRequestDecoder {
    private final Duration most;
    private boolean inHead;
    private boolean isKnown;
    private Future<?> late;

    RequestDecoder(HttpServerOptions options, Duration most) {
      super(options);
      this.most = most;
    }

    @Override
    protected HttpMessage createMessage(String[] requestLine) {
      String version = requestLine[2];
      isKnown = version.equals("HTTP/1.1") || version.equals("HTTP/1.0");
      if (!isKnown && version.matches("\\S+/\\d+\\.\\d+")) {
        requestLine[2] = "HTTP/1.1"; // the version of the answer
      }
      HttpMessage message = super.createMessage(requestLine);
      inHead = true;
      return message;
    }

    /** Netty calls this after each head, and reads no more of the connection if it throws. */
    @Override
    protected boolean isContentAlwaysEmpty(HttpMessage message) {
      inHead = false;
      inTime(); // the next head has its own time
      if (!isKnown) {
        throw new UnknownVersion();
      }
      var fields = message.headers();
      boolean clear =
          !fields.contains(HttpHeaders.TRANSFER_ENCODING)
              || message.protocolVersion().isKeepAliveDefault() // HTTP/1.1
                  && !fields.contains(HttpHeaders.CONTENT_LENGTH)
                  && String.join(",", fields.getAll(HttpHeaders.TRANSFER_ENCODING))
                      .equalsIgnoreCase("chunked");
      if (!clear || fields.contains(OLD_WEBSOCKET) || fields.contains(NO_NAME)) {
        throw new IllegalArgumentException("ambiguous framing, or a field without a name");
      }
      return false;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object bytes) throws Exception {
      super.channelRead(context, bytes);
      boolean begun = inHead || !inContent && actualReadableBytes() > 0;
      if (!begun) {
        inTime();
      } else if (late == null) {
        within(most.toNanos(), context);
      }
    }

    private void within(long nanos, ChannelHandlerContext context) {
      late = context.executor().schedule(() -> giveUp(context), nanos, TimeUnit.NANOSECONDS);
    }

    private void inTime() {
      if (late != null) {
        late.cancel(false);
        late = null;
      }
    }

    private void giveUp(ChannelHandlerContext context) {
      late = null;
      long left = most.toNanos() - (System.nanoTime() - readingSince);
      if (!context.channel().config().isAutoRead()) {
        return; // the client waits for this server
      } else if (left > 0) {
        within(left, context);
      } else {
        context.close();
      }
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    resetReadTimeout();
    quiet = false;
    inContent = !(message instanceof LastHttpContent);
    if (!waiting.isEmpty() || mustWait(context, message)) {
      waiting.add(message);
      context.channel().config().setAutoRead(false);
    } else {
      pass(context, message);
    }
  }

  private boolean mustWait(ChannelHandlerContext context, Object message) {
    return message instanceof HttpMessage && (busy || ends || !context.channel().isWritable());
  }

  private void pass(ChannelHandlerContext context, Object message) {
    if (message instanceof HttpMessage request) {
      busy = true;
      if (request.headers().contains(HttpHeaders.CONNECTION)
          && CLOSE
              .matcher(String.join(",", request.headers().getAll(HttpHeaders.CONNECTION)))
              .find()) {
        // Vert.x overlooks it in a list
        request.headers().add(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
      }
    }
    context.fireChannelRead(message);
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise written)
      throws Exception {
    boolean interim = message instanceof HttpResponse head && head.status().code() < 200;
    ends |=
        message instanceof HttpResponse head
            && head.headers().contains(HttpHeaders.CONNECTION, HttpHeaders.CLOSE, true);
    if (message instanceof LastHttpContent && !interim) {
      busy = false;
      if (!waiting.isEmpty()) {
        context.executor().execute(() -> goOn(context)); // after Vert.x has noticed it
      }
    }
    super.write(context, message, written);
  }

  private void goOn(ChannelHandlerContext context) {
    if (waiting.isEmpty() || mustWait(context, waiting.peek())) {
      return;
    }
    // first, because Vert.x may pause the content of the next request
    context.channel().config().setAutoRead(true);
    readingSince = System.nanoTime();
    while (!waiting.isEmpty() && !mustWait(context, waiting.peek())) {
      pass(context, waiting.poll());
    }
    if (!waiting.isEmpty()) {
      context.channel().config().setAutoRead(false);
    }
    context.flush();
    context.fireChannelReadComplete();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    context.executor().execute(() -> goOn(context));
    context.fireChannelWritabilityChanged();
  }

  /** Vert.x closes the connection after a malformed chunk; this sends the answer first. */
  @Override
  public void close(ChannelHandlerContext context, ChannelPromise closed) {
    context.flush();
    context.close(closed);
  }

  @Override
  protected void channelIdle(ChannelHandlerContext context, IdleStateEvent event) {
    // a read does not make the next event a first one
    boolean idle = quiet && !event.isFirst();
    quiet = true;
    if (idle) {
      context.fireUserEventTriggered(event);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) throws Exception {
    waiting.forEach(ReferenceCountUtil::release);
    super.channelInactive(context);
  }
}
