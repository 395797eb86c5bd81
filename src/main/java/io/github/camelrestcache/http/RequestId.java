package io.github.camelrestcache.http;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.slf4j.MDC;

/**
 * What one request is called in its answer, at GitHub and in the log: what its client calls it in
 * {@code X-Request-Id}, if that is short and plain, else a name made here.
 */
public final class RequestId {

  public static final String FIELD = "X-Request-Id";

  static final CharSequence NAME = HttpHeaders.createOptimized(FIELD);

  /** The field of log lines that holds it (Elastic Common Schema). */
  private static final String KEY = "http.request.id";

  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9._~:/+=-]{1,128}");
  private static final String PROCESS = UUID.randomUUID().toString().substring(0, 13) + '-';
  private static final AtomicLong COUNT = new AtomicLong();

  private RequestId() {}

  /** Names a request that has just come. */
  static void give(HttpServerRequest request) {
    String id = of(request.headers());
    request.response().putHeader(NAME, HttpHeaders.createOptimized(id));
  }

  /** A name for the request with these fields. */
  static String of(MultiMap fields) {
    String theirs = fields.get(NAME);
    boolean plain = theirs != null && PLAIN.matcher(theirs).matches();
    return plain ? theirs : PROCESS + Long.toString(COUNT.incrementAndGet(), 36);
  }

  /** The name of a request. */
  static String of(HttpServerRequest request) {
    return request.response().headers().get(NAME);
  }

  /** Has what this thread logs name the request, until it works for another; null: for none. */
  public static void inLog(String id) {
    if (id == null) {
      MDC.remove(KEY);
    } else {
      MDC.put(KEY, id);
    }
  }
}
