package io.github.camelrestcache.http;

import io.github.camelrestcache.http.Response.Fields;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.vertx.core.http.HttpHeaders;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/**
 * What is stored as it is sent, prepared once and sent many times: the header fields that do not
 * depend on the time, and the content (RFC 9110 3.2), which is outside the heap, so that it goes to
 * any number of sockets without being copied.
 */
public final class StoredAnswer {

  /**
   * A stored answer that a client gets at a certain time.
   *
   * @param fetched when its content was fetched
   * @param now by the same clock
   * @param met how the request was met, in the words of RFC 9211; null when by what is stored
   */
  public record Timed(StoredAnswer answer, Instant fetched, Instant now, String met)
      implements Reply {

    /** Tells it, or 304 to who has it. */
    @Override
    public void tell(Response response, ClientRequest request) {
      answer.tell(response, request, this);
    }
  }

  /** The Date of a second, which all answers share. */
  private record Tick(long second, CharSequence date) {}

  private static final CharSequence DATE = HttpHeaders.createOptimized("Date");
  private static volatile Tick tick = new Tick(0, "");

  private final String entityTag;
  private final Instant changed;
  private final Fields fields = new Fields();
  private final Fields ofContent = new Fields();
  private final ByteBuf content;
  private final AgeFields ages;

  /**
   * Prepares an answer.
   *
   * @param name tells this representation from all others that the path ever answers
   * @param coding its content coding, or null
   * @param changed when its content was first seen
   * @param every how long it is fresh
   * @param link the value of its {@code Link} field, or null
   */
  StoredAnswer(
      String name, String coding, Instant changed, Duration every, String link, byte[] content) {
    this.entityTag = '"' + name + '"';
    this.changed = changed;
    this.ages = new AgeFields(every.toSeconds());
    this.content = Response.outsideTheHeap(content);
    fields.add("ETag", entityTag);
    fields.add("Cache-Control", "max-age=" + every.toSeconds());
    fields.add("Vary", "Accept-Encoding");
    fields.add("Access-Control-Allow-Origin", "*");
    fields.add("Access-Control-Expose-Headers", "ETag, Link, Age, Cache-Status");
    if (link != null) {
      fields.add("Link", link);
    }
    ofContent.add("Last-Modified", HttpDates.format(changed));
    ofContent.add("Content-Type", "application/json; charset=utf-8");
    if (coding != null) {
      ofContent.add("Content-Encoding", coding);
    }
    ofContent.add("Content-Length", Integer.toString(content.length));
  }

  /** How many bytes it takes. */
  public int size() {
    return content.readableBytes() + fields.size() + ofContent.size();
  }

  private void tell(Response response, ClientRequest request, Timed reply) {
    response.add(fields);
    long age = Math.max(0, reply.now().getEpochSecond() - reply.fetched().getEpochSecond());
    ages.add(response, age, reply.met());
    response.add(DATE, date());
    if (Conditions.isNotModified(request.fields(), entityTag, changed)) {
      // without what describes the content (RFC 9110 15.4.5)
      response.status(HttpResponseStatus.NOT_MODIFIED.code());
      return;
    }
    response.add(ofContent).content(request.method().equals("HEAD") ? null : content);
  }

  private static CharSequence date() {
    long second = TimeUnit.MILLISECONDS.toSeconds(System.currentTimeMillis());
    Tick last = tick;
    if (last.second() != second) {
      String date = HttpDates.format(Instant.ofEpochSecond(second));
      last = new Tick(second, HttpHeaders.createOptimized(date));
      tick = last;
    }
    return last.date();
  }
}
