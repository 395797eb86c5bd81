package io.github.camelrestcache.http;

import io.netty.buffer.Unpooled;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.buffer.impl.BufferImpl;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** An answer to one request, which is the same but for its age whenever that request comes. */
public final class FixedAnswer implements Reply {

  private final int status;
  private final List<CharSequence> fields = new ArrayList<>();
  private final Freshness freshness;
  private final AgeFields ages;
  private final Buffer content;

  /**
   * Prepares an answer.
   *
   * @param fields without those that tell its age
   * @param content may be empty, or null when none is to be sent nor announced: to HEAD
   * @param often whether it will be sent more than once, and is worth to be laid ready for that
   */
  public FixedAnswer(
      int status,
      Map<String, List<String>> fields,
      Freshness freshness,
      byte[] content,
      boolean often) {
    this.status = status;
    this.freshness = freshness;
    this.ages = new AgeFields(freshness.lifetime());
    fields.forEach(
        (name, values) -> values.forEach(value -> StoredAnswer.add(this.fields, name, value)));
    if (content == null) {
      this.content = null;
    } else if (often) {
      this.content = StoredAnswer.outsideTheHeap(content);
    } else {
      this.content = BufferImpl.buffer(Unpooled.wrappedBuffer(content));
    }
  }

  /** How many bytes its content has. */
  public int size() {
    return content == null ? 0 : content.length();
  }

  @Override
  public Future<Void> send(HttpServerResponse response, ClientRequest request) {
    response.setStatusCode(status);
    StoredAnswer.put(response.headers(), fields);
    ages.add(response.headers(), freshness.age(), null);
    if (content == null || status == 204 || status == 304) {
      return response.end();
    }
    response.headers().set(HttpHeaders.CONTENT_LENGTH, Integer.toString(content.length()));
    return response.end(content);
  }
}
