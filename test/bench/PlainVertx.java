import io.netty.buffer.Unpooled;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A minimal Vert.x server for comparison: it replays responses that it fetched at its start, by
 * target and Accept-Encoding, and answers 304 for their ETag. Arguments: port, number of event
 * loops, URL of the server to fetch from, targets.
 */
class PlainVertx {

  private record Answer(Map<String, String> fields, String entityTag, Buffer content) {}

  private static final List<String> FIELDS =
      List.of(
          "access-control-allow-origin",
          "access-control-expose-headers",
          "age",
          "cache-control",
          "cache-status",
          "content-encoding",
          "content-type",
          "date",
          "etag",
          "last-modified",
          "vary");

  private static final Map<String, Answer> ANSWERS = new HashMap<>();

  public static void main(String[] args) throws Exception {
    for (int i = 3; i < args.length; i++) {
      fetch(args[2], args[i], "identity");
      fetch(args[2], args[i], "gzip");
    }
    Vertx vertx = Vertx.vertx();
    for (int i = 0; i < Integer.parseInt(args[1]); i++) {
      HttpServer server = vertx.createHttpServer().requestHandler(PlainVertx::answer);
      server.listen(Integer.parseInt(args[0]), "127.0.0.1").toCompletionStage().toCompletableFuture().get();
    }
  }

  private static void fetch(String from, String target, String coding) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(from + target)).header("Accept-Encoding", coding).build();
    HttpResponse<byte[]> response =
        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofByteArray());
    Map<String, String> fields = new HashMap<>();
    for (String name : FIELDS) {
      response.headers().firstValue(name).ifPresent(value -> fields.put(name, value));
    }
    fields.put("content-length", Integer.toString(response.body().length));
    ByteBuffer content = ByteBuffer.allocateDirect(response.body().length).put(response.body()).flip();
    ANSWERS.put(
        coding + target,
        new Answer(fields, fields.get("etag"), Buffer.buffer(Unpooled.wrappedBuffer(content))));
  }

  private static void answer(HttpServerRequest request) {
    String coding = "gzip".equals(request.getHeader("Accept-Encoding")) ? "gzip" : "identity";
    Answer answer = ANSWERS.get(coding + request.uri());
    HttpServerResponse response = request.response();
    if (answer == null) {
      response.setStatusCode(404).end();
    } else if (answer.entityTag().equals(request.getHeader("If-None-Match"))) {
      response.setStatusCode(304).putHeader("etag", answer.entityTag()).end();
    } else {
      response.headers().addAll(answer.fields());
      response.end(answer.content());
    }
  }
}
