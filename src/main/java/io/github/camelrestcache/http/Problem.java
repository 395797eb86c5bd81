package io.github.camelrestcache.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vertx.core.http.HttpServerResponse;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.hc.client5.http.ConnectTimeoutException;
import org.apache.hc.core5.http.ConnectionRequestTimeoutException;
import org.springframework.dao.DataAccessException;

/** An error of this service's own making, answered as RFC 9457 {@code application/problem+json}. */
public final class Problem extends RuntimeException {

  private static final long serialVersionUID = 1;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final int status;
  private final String title;
  private final transient HttpFields fields = new HttpFields();

  /**
   * @param status the HTTP status
   * @param title what kind of problem it is, the same words each time
   * @param detail a sentence that tells the caller what to do
   */
  public Problem(int status, String title, String detail) {
    super(detail, null, false, false);
    this.status = status;
    this.title = title;
  }

  /** Adds a header field to the answer. */
  public Problem with(String name, String value) {
    fields.set(name, value);
    return this;
  }

  /** Adds {@code Retry-After}, in whole seconds, at least one (RFC 9110 10.2.3). */
  public Problem retryAfter(Duration wait) {
    return with("Retry-After", Long.toString(Math.max(1, (wait.toMillis() + 999) / 1000)));
  }

  public int status() {
    return status;
  }

  public HttpFields fields() {
    return fields;
  }

  /** The title as one lower-case token. */
  String slug() {
    return title.toLowerCase(Locale.ROOT).replace(' ', '-');
  }

  /** Begins the answer that it is: status and fields, without those that frame the content. */
  public void begin(HttpServerResponse response) {
    response
        .setStatusCode(status)
        .putHeader("Date", HttpDates.format(Instant.now()))
        .putHeader("Content-Type", "application/problem+json")
        .putHeader("Access-Control-Allow-Origin", "*")
        .putHeader("Cache-Status", "camel-rest-cache; detail=" + slug());
    fields.all().forEach(field -> response.putHeader(field.getKey(), field.getValue()));
  }

  /** The problem as JSON: {@code status}, {@code title}, {@code detail}. */
  public byte[] body() {
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("status", status);
    members.put("title", title);
    members.put("detail", getMessage());
    try {
      return JSON.writeValueAsBytes(members);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** That it could be answered a moment later. */
  public static Problem busy(String reason) {
    return new Problem(503, "Busy", reason + ": try again in a moment.")
        .retryAfter(Duration.ofSeconds(1));
  }

  /** An answer that HTTP does not allow, such as one with a space in the name of a field. */
  static Problem unreadable() {
    return new Problem(502, "Bad gateway", "GitHub's answer cannot be passed on: try again.");
  }

  /** The problem that a failure on the way to GitHub or to the store is for the caller, or null. */
  public static Problem of(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof Problem problem) {
        return problem;
      }
      if (t instanceof DataAccessException) {
        return new Problem(
                503, "Store unavailable", "The store does not answer: try again in a moment.")
            .retryAfter(Duration.ofSeconds(5));
      }
      if (t instanceof ConnectionRequestTimeoutException) {
        return busy("As many requests are on their way to GitHub as MAX_FORWARDS allows");
      }
      if (t instanceof SocketTimeoutException || t instanceof ConnectTimeoutException) {
        return new Problem(
            504, "Gateway timeout", "GitHub did not answer in time: try again in a moment.");
      }
      if (t instanceof java.io.IOException || t instanceof org.apache.hc.core5.http.HttpException) {
        return new Problem(
            502, "Bad gateway", "GitHub cannot be reached, or broke off: try again in a moment.");
      }
    }
    return null;
  }
}
