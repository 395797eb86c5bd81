package io.github.camelrestcache.http;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Gives Vert.x the requests of a connection one by one (RFC 9112 9.3.2). While one is not answered,
 * or the client does not read what it is sent, what comes behind waits here, and the connection is
 * not read: Vert.x would keep however many a client sends.
 */
abstract class PipelineHandler extends ChannelDuplexHandler {

  /** What was read behind a request that is not answered: no more than comes at once. */
  private final Queue<Object> behind = new ArrayDeque<>();

  /** Whether Vert.x has a request that it has not answered. */
  private boolean busy;

  /** Whether the request that is being read goes no further. */
  private boolean dropped;

  /** Whether nothing more is answered. */
  private boolean ends;

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (!behind.isEmpty() || waits(context, message)) {
      behind.add(message);
      context.channel().config().setAutoRead(false);
    } else {
      handle(context, message);
    }
  }

  /** Only what is sent is out of the way. */
  private boolean waits(ChannelHandlerContext context, Object message) {
    if (!(message instanceof HttpRequest) || ends) {
      return false;
    }
    if (!busy && !context.channel().isWritable()) {
      context.flush();
    }
    return busy || !context.channel().isWritable();
  }

  private void handle(ChannelHandlerContext context, Object message) {
    if (message instanceof HttpRequest request) {
      dropped = ends || answers(request);
      busy = !dropped;
      if (busy && isLastForUsOnly(request)) {
        request.headers().add(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
      }
    }
    if (dropped) {
      ReferenceCountUtil.release(message);
    } else {
      context.fireChannelRead(message);
    }
  }

  /** Vert.x does not find {@code close} among other options. */
  private static boolean isLastForUsOnly(HttpRequest request) {
    return request.protocolVersion().isKeepAliveDefault()
        && !HttpUtil.isKeepAlive(request)
        && !request.headers().contains(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE, true);
  }

  /** Whether a request is answered here, and Vert.x need not hear of it. */
  boolean answers(HttpRequest request) {
    return false;
  }

  /** What comes from now on is not answered. */
  final void end() {
    ends = true;
  }

  /** Hears of Vert.x's answers. */
  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise written) {
    boolean interim = false;
    if (message instanceof HttpResponse head) {
      interim = head.status().codeClass() == HttpStatusClass.INFORMATIONAL;
      ends |= !interim && !HttpUtil.isKeepAlive(head);
    }
    if (message instanceof LastHttpContent && !interim) {
      busy = false;
      context.executor().execute(() -> goOn(context)); // when Vert.x knows it, too
    }
    context.write(message, written);
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    context.executor().execute(() -> goOn(context));
    context.fireChannelWritabilityChanged();
  }

  private void goOn(ChannelHandlerContext context) {
    if (behind.isEmpty() || waits(context, behind.peek())) {
      return;
    }
    // before a request is begun, for Vert.x may stop the reading of its content
    context.channel().config().setAutoRead(true);
    while (!behind.isEmpty() && !waits(context, behind.peek())) {
      handle(context, behind.poll());
    }
    if (!behind.isEmpty()) {
      context.channel().config().setAutoRead(false);
    }
    // as after a read: what was written goes out, and Vert.x sends again by itself
    context.flush();
    context.fireChannelReadComplete();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    behind.forEach(ReferenceCountUtil::release);
    behind.clear();
    context.fireChannelInactive();
  }
}
