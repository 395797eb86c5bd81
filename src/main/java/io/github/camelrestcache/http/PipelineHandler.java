package io.github.camelrestcache.http;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;

/**
 * Knows which requests on a connection wait for their answers (RFC 9112 9.3.2). Vert.x keeps
 * however many a client sends; here a client that sends far more than it reads is not read any
 * further, and its connection ends with the answers to what came until then.
 */
class PipelineHandler extends ChannelDuplexHandler {

  /** How many requests on one connection may wait. */
  static final int MOST_WAITING = 100;

  /** How many Vert.x has not answered. */
  private int waiting;

  /** Whether the request that is being read goes no further. */
  private boolean dropped;

  /** Whether nothing more is read. */
  private boolean ends;

  /** Whether that is so because more would have waited than may. */
  private boolean full;

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (message instanceof HttpRequest request) {
      full |= waiting == MOST_WAITING;
      dropped = ends || full || waiting == 0 && answers(context, request);
      if (!dropped) {
        waiting++;
      }
    }
    if (dropped) {
      ReferenceCountUtil.release(message);
    } else {
      context.fireChannelRead(message);
    }
  }

  /** Whether a request is answered here, and Vert.x need not hear of it; nothing else waits. */
  boolean answers(ChannelHandlerContext context, HttpRequest request) {
    return false;
  }

  /** No more requests are read. */
  final void end() {
    ends = true;
  }

  /** Hears of Vert.x's answers. */
  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise written) {
    ChannelPromise sent = written;
    boolean interim = false;
    if (message instanceof HttpResponse head) {
      interim = head.status().codeClass() == HttpStatusClass.INFORMATIONAL;
      ends |= !interim && !HttpUtil.isKeepAlive(head);
    }
    if (message instanceof LastHttpContent && !interim) {
      waiting--;
      if (full && waiting == 0) {
        sent = written.unvoid().addListener(ChannelFutureListener.CLOSE);
      }
    }
    context.write(message, sent);
  }
}
