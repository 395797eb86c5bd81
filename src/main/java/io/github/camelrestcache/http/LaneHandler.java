package io.github.camelrestcache.http;

import io.github.camelrestcache.http.Response.Fields;
import io.github.camelrestcache.lane.FastLane;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.AsciiString;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpConnection;
import java.util.function.BooleanSupplier;

/**
 * Answers the requests on a connection that the fast lane has the answer to, and leaves the others
 * to Vert.x, which brings them to the routes, and those in which there is something to look at
 * closely.
 */
final class LaneHandler extends PipelineHandler {

  /** Vert.x's encoder: what is written past it goes to the connection as it is. */
  private static final String ENCODER = "httpEncoder";

  private static final Fields CLOSE = new Fields().add("connection", "close");
  private static final Fields KEEP_ALIVE = new Fields().add("connection", "keep-alive");

  private final HttpConnection connection;
  private final BooleanSupplier open;
  private final FastLane lane;
  private final ClientRates rates;
  private final Requests requests;
  private final Backlog backlog;
  private final Response response = new Response();
  private ChannelHandlerContext wire;

  private boolean unflushed;

  /**
   * @param open whether requests are answered at all
   */
  LaneHandler(
      HttpConnection connection,
      BooleanSupplier open,
      FastLane lane,
      ClientRates rates,
      Requests requests,
      Backlog backlog) {
    this.connection = connection;
    this.open = open;
    this.lane = lane;
    this.rates = rates;
    this.requests = requests;
    this.backlog = backlog;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    wire = context.pipeline().context(ENCODER);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    if (unflushed) {
      unflushed = false;
      wire.flush();
    }
    context.fireChannelReadComplete();
  }

  @Override
  boolean answers(HttpRequest request) {
    return isPlain(request) && sends(request);
  }

  /** Whether it can be answered at once, and there is nothing in it that needs a closer look. */
  private boolean isPlain(HttpRequest request) {
    HttpVersion version = request.protocolVersion();
    return request.decoderResult().isSuccess()
        && (version == HttpVersion.HTTP_1_1 || version == HttpVersion.HTTP_1_0)
        && (request.method() == HttpMethod.GET || request.method() == HttpMethod.HEAD)
        && request.uri().startsWith("/")
        && !GuardedVertx.isBadlyEncoded(request.uri())
        && hasPlainFields((MultiMap) request.headers(), version)
        && open.getAsBoolean();
  }

  private static boolean hasPlainFields(MultiMap fields, HttpVersion version) {
    return GuardedVertx.hasGoodHost(fields, version == HttpVersion.HTTP_1_1)
        && !ClientRequest.hasContent(fields);
  }

  /** Sends what the lane has for a request, if it has something. */
  private boolean sends(HttpRequest request) {
    MultiMap fields = (MultiMap) request.headers();
    String id = RequestId.of(fields);
    ClientRequest client = ClientRequest.head(id, request.method().name(), request.uri(), fields);
    FastLane.Hit hit = lane.hit(client);
    if (hit == null) {
      return false;
    }
    response.add(RequestId.NAME, new AsciiString(id));
    if (rates.problem(connection, client, response::add) != null) {
      response.clear();
      return false; // nothing was taken from the bucket: Vert.x finds it empty too, and says so
    }
    hit.reply().tell(response, client);
    if (!backlog.hasRoom(response.content(), response.size())) {
      response.clear();
      return false; // the door says so
    }
    HttpVersion version = request.protocolVersion();
    ChannelPromise written = wire.newPromise();
    boolean last = !HttpUtil.isKeepAlive(request) || requests.isDraining();
    if (last == version.isKeepAliveDefault()) {
      response.add(last ? CLOSE : KEEP_ALIVE);
    }
    if (last) {
      end();
      written.addListener(ChannelFutureListener.CLOSE);
    }
    Requests.Answered told =
        new Requests.Answered(
            id,
            client.method(),
            request.uri(),
            connection.remoteAddress(),
            response.status(),
            response.get(AgeFields.CACHE_STATUS));
    Requests.Begun begun = requests.begin();
    Runnable end = backlog.add(connection, response.content(), response.size());
    written.addListener(
        done -> {
          end.run();
          requests.end(begun, told, hit.route());
        });
    response.write(wire, version, written);
    response.clear();
    unflushed = true;
    return true;
  }
}
