package io.github.camelrestcache.http;

import io.github.camelrestcache.http.Response.Fields;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Map;

/** An answer to one request, which is the same but for its age whenever that request comes. */
public final class FixedAnswer implements Reply {

  private final int status;
  private final Fields fields = new Fields();
  private final Freshness freshness;
  private final AgeFields ages;
  private final ByteBuf content;

  /**
   * Prepares an answer.
   *
   * @param fields without those that tell its age
   * @param content may be empty, or null when none is to be sent nor announced: to HEAD
   * @param often whether it will be sent more than once, and is worth to be laid ready for that
   * @throws Problem 502 if HTTP does not allow one of the fields
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
    boolean announced = content != null && status != 204 && status != 304;
    try {
      fields.forEach(
          (name, values) -> {
            if (!announced || !name.equalsIgnoreCase("Content-Length")) {
              values.forEach(value -> this.fields.add(name, value));
            }
          });
    } catch (IllegalArgumentException e) {
      throw Problem.unreadable();
    }
    if (announced) {
      this.fields.add("Content-Length", Integer.toString(content.length));
      this.content = often ? Response.outsideTheHeap(content) : Unpooled.wrappedBuffer(content);
    } else {
      this.content = null;
    }
  }

  /** How many bytes it takes. */
  public int size() {
    return (content == null ? 0 : content.readableBytes()) + fields.size();
  }

  @Override
  public void tell(Response response, ClientRequest request) {
    response.status(status).add(fields).content(content);
    ages.add(response, freshness.age(), null);
  }
}
