package io.github.camelrestcache.http;

import io.netty.buffer.Unpooled;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.buffer.impl.BufferImpl;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

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

    /** Sends it, or 304 to who has it. */
    @Override
    public Future<Void> send(HttpServerResponse response, ClientRequest request) {
      return answer.send(response, request, this);
    }
  }

  /** The Date of a second, which all answers share. */
  private record Tick(long second, CharSequence date) {}

  private static final CharSequence DATE = name("Date");
  private static volatile Tick tick = new Tick(0, "");

  private final String entityTag;
  private final Instant changed;
  private final List<CharSequence> fields = new ArrayList<>();
  private final List<CharSequence> ofContent = new ArrayList<>();
  private final Buffer content;
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
    this.content = outsideTheHeap(content);
    add(fields, "ETag", entityTag);
    add(fields, "Cache-Control", "max-age=" + every.toSeconds());
    add(fields, "Vary", "Accept-Encoding");
    add(fields, "Access-Control-Allow-Origin", "*");
    add(fields, "Access-Control-Expose-Headers", "ETag, Link, Age, Cache-Status");
    if (link != null) {
      add(fields, "Link", link);
    }
    add(ofContent, "Last-Modified", HttpDates.format(changed));
    add(ofContent, "Content-Type", "application/json; charset=utf-8");
    if (coding != null) {
      add(ofContent, "Content-Encoding", coding);
    }
    add(ofContent, "Content-Length", Integer.toString(content.length));
  }

  static Buffer outsideTheHeap(byte[] content) {
    return BufferImpl.buffer(
        Unpooled.wrappedBuffer(ByteBuffer.allocateDirect(content.length).put(content).flip()));
  }

  static void add(List<CharSequence> fields, String name, String value) {
    fields.add(name(name));
    fields.add(HttpHeaders.createOptimized(value));
  }

  private static CharSequence name(String name) {
    return HttpHeaders.createOptimized(name);
  }

  /** How many bytes it has. */
  public int size() {
    return content.length();
  }

  private Future<Void> send(HttpServerResponse response, ClientRequest request, Timed reply) {
    MultiMap headers = response.headers();
    put(headers, fields);
    long age = Math.max(0, reply.now().getEpochSecond() - reply.fetched().getEpochSecond());
    ages.add(headers, age, reply.met());
    headers.add(DATE, date());
    if (Conditions.isNotModified(request.fields(), entityTag, changed)) {
      // without what describes the content (RFC 9110 15.4.5)
      return response.setStatusCode(304).end();
    }
    put(headers, ofContent);
    return request.method().equals("HEAD") ? response.end() : response.end(content);
  }

  static void put(MultiMap headers, List<CharSequence> fields) {
    for (int i = 0; i < fields.size(); i += 2) {
      headers.add(fields.get(i), fields.get(i + 1));
    }
  }

  private static CharSequence date() {
    Instant now = Instant.now();
    Tick last = tick;
    if (last.second() != now.getEpochSecond()) {
      last = new Tick(now.getEpochSecond(), HttpHeaders.createOptimized(HttpDates.format(now)));
      tick = last;
    }
    return last.date();
  }
}
