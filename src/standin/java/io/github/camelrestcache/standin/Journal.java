package io.github.camelrestcache.standin;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;

/** Reads requests, keeps the newest of them, and counts those that are under way. */
final class Journal {
  private static final int REQUESTS_KEPT = 20_000;
  private static final long BODIES_KEPT = 64L << 20;

  private final Deque<Recorded> requests = new ArrayDeque<>();
  private long bodies;
  private long count;
  private int inFlight;
  private int maxInFlight;

  /** Reads a request to its end, records it and hands it on. */
  void receive(HttpServerRequest request, BiConsumer<Recorded, HttpServerRequest> next) {
    Instant time = Instant.now();
    begin(request);
    List<Map.Entry<String, String>> headers =
        request.headers().entries().stream()
            .map(line -> Map.entry(line.getKey(), line.getValue()))
            .toList();
    Buffer body = Buffer.buffer();
    long[] length = {0};
    request.handler(
        chunk -> {
          length[0] += chunk.length();
          int room = Recorded.BODY_KEPT - body.length();
          body.appendBuffer(chunk, 0, Math.min(room, chunk.length()));
        });
    request.exceptionHandler(cutOff -> {});
    request.endHandler(
        end -> {
          Recorded recorded =
              new Recorded(
                  request.method().name(),
                  request.uri(),
                  headers,
                  body.getBytes(),
                  length[0],
                  time);
          add(recorded);
          next.accept(recorded, request);
        });
  }

  synchronized List<Recorded> requests() {
    return List.copyOf(requests);
  }

  synchronized long count() {
    return count;
  }

  synchronized int inFlight() {
    return inFlight;
  }

  synchronized int maxInFlight() {
    return maxInFlight;
  }

  synchronized void clear() {
    requests.clear();
    bodies = 0;
    count = 0;
    maxInFlight = inFlight;
  }

  private synchronized void add(Recorded recorded) {
    requests.add(recorded);
    bodies += recorded.body().length;
    count++;
    while (requests.size() > REQUESTS_KEPT || bodies > BODIES_KEPT) {
      bodies -= requests.remove().body().length;
    }
  }

  private synchronized void begin(HttpServerRequest request) {
    inFlight++;
    maxInFlight = Math.max(maxInFlight, inFlight);
    AtomicBoolean ended = new AtomicBoolean();
    Runnable end =
        () -> {
          if (ended.compareAndSet(false, true)) {
            end();
          }
        };
    request.response().endHandler(done -> end.run()).closeHandler(cutOff -> end.run());
  }

  private synchronized void end() {
    inFlight--;
  }
}
