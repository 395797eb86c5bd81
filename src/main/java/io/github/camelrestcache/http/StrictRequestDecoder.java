package io.github.camelrestcache.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.impl.VertxHttpRequestDecoder;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Refuses what Netty forgives and another hop may read otherwise, so that nobody smuggles a request
 * behind it: a Content-Length beside a Transfer-Encoding, a Transfer-Encoding other than chunked
 * (RFC 9112 6.1), and folded lines (5.2). What follows such a request on its connection is not
 * read. A request whose head takes too long to come is given up with its connection.
 */
final class StrictRequestDecoder extends VertxHttpRequestDecoder {

  private final Duration most;
  private boolean refused;

  /** Whether what comes next belongs to a head. */
  private boolean inHead = true;

  /** Whether something of it has come. */
  private boolean begun;

  /** Whether the last byte of the head that was read ends a line. */
  private boolean lineEnded;

  private boolean oddLine;
  private Future<?> late;

  /**
   * @param most how long a head may take to come, from its first byte
   */
  StrictRequestDecoder(HttpServerOptions options, Duration most) {
    super(options);
    this.most = most;
  }

  @Override
  protected void decode(ChannelHandlerContext context, ByteBuf bytes, List<Object> out)
      throws Exception {
    if (refused) {
      bytes.skipBytes(bytes.readableBytes());
      return;
    }
    int start = bytes.readerIndex();
    int before = out.size();
    super.decode(context, bytes, out);
    if (inHead) {
      // one call reads no further than to the end of the head
      look(bytes, start, bytes.readerIndex());
    }
    for (int i = before; i < out.size(); i++) {
      if (out.get(i) instanceof HttpRequest request) {
        check(request);
        inHead = false;
        begun = false;
      }
      if (out.get(i) instanceof LastHttpContent) {
        inHead = true;
      }
    }
    if (inHead && out.size() == before) {
      begun |= hasBegun(bytes, start);
    }
    watch(context, begun);
  }

  /** Empty lines before a request are none of it (RFC 9112 2.2). */
  private static boolean hasBegun(ByteBuf bytes, int start) {
    return bytes.forEachByte(
            start, bytes.writerIndex() - start, each -> each == '\r' || each == '\n')
        >= 0;
  }

  private void look(ByteBuf bytes, int start, int end) {
    if (start == end) {
      return;
    }
    oddLine |= lineEnded && isOdd(bytes.getByte(start));
    for (int i = bytes.indexOf(start, end - 1, (byte) '\n');
        i >= 0;
        i = bytes.indexOf(i + 1, end - 1, (byte) '\n')) {
      oddLine |= isOdd(bytes.getByte(i + 1));
    }
    lineEnded = bytes.getByte(end - 1) == '\n';
  }

  /** Whether a line that begins with this is a folded one, or a field without a name. */
  private static boolean isOdd(byte first) {
    return first == ' ' || first == '\t' || first == ':';
  }

  private void check(HttpRequest request) {
    List<String> codings =
        request.headers().contains(HttpHeaderNames.TRANSFER_ENCODING)
            ? request.headers().getAll(HttpHeaderNames.TRANSFER_ENCODING)
            : List.of();
    boolean odd =
        !codings.isEmpty()
            && (!String.join(",", codings).equalsIgnoreCase("chunked")
                || request.protocolVersion().equals(HttpVersion.HTTP_1_0));
    if (request.decoderResult().isSuccess() && (odd || oddLine)) {
      request.setDecoderResult(
          DecoderResult.failure(
              new IllegalArgumentException(odd ? "an unknown transfer coding" : "an odd line")));
    }
    refused = request.decoderResult().isFailure();
    oddLine = false;
    lineEnded = false;
  }

  @Override
  protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
    throw new IllegalArgumentException("Content-Length beside Transfer-Encoding");
  }

  /** Sees to it that a head that has begun comes to its end in time. */
  private void watch(ChannelHandlerContext context, boolean begun) {
    if (begun && late == null) {
      late =
          context
              .executor()
              .schedule(() -> tooLate(context), most.toMillis(), TimeUnit.MILLISECONDS);
    } else if (!begun && late != null) {
      late.cancel(false);
      late = null;
    }
  }

  /** The rest of a head does not come while the connection is not read. */
  private void tooLate(ChannelHandlerContext context) {
    late = null;
    if (context.channel().config().isAutoRead()) {
      context.close();
    } else {
      watch(context, true);
    }
  }

  @Override
  protected void handlerRemoved0(ChannelHandlerContext context) throws Exception {
    super.handlerRemoved0(context);
    watch(context, false);
  }
}
