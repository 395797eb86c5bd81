package io.github.camelrestcache.base;

import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.slf4j.MDC;

/**
 * The request id in answers, in requests to GitHub and in the log: the client's {@code
 * X-Request-Id} if it is valid, otherwise a generated id.
 */
public final class RequestId {

  public static final String FIELD = "X-Request-Id";

  /** The log field (Elastic Common Schema). */
  private static final String KEY = "http.request.id";

  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9._~:/+=-]{1,128}");
  private static final String PROCESS = UUID.randomUUID().toString().substring(0, 13) + '-';
  private static final AtomicLong COUNT = new AtomicLong();

  private RequestId() {}

  /** Returns the id for a request with this {@code X-Request-Id}, which may be null. */
  public static String of(String given) {
    return given != null && PLAIN.matcher(given).matches()
        ? given
        : PROCESS + Long.toString(COUNT.incrementAndGet(), 36);
  }

  /** Adds the id to the log lines of this thread; null removes it. */
  public static void inLog(String id) {
    if (id == null) {
      MDC.remove(KEY);
    } else {
      MDC.put(KEY, id);
    }
  }
}
