package io.github.camelrestcache.base;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.apache.hc.client5.http.ConnectTimeoutException;
import org.apache.hc.core5.http.ConnectionRequestTimeoutException;
import org.apache.hc.core5.http.HttpException;
import org.springframework.dao.DataAccessException;

/**
 * An error answer of this service. Clients of GitHub read it like GitHub's errors ("Troubleshooting
 * the REST API" in its documentation). It also has the members of RFC 9457.
 */
public final class Problem extends RuntimeException {

  private static final long serialVersionUID = 1;

  private static final String RFC_9457 = "application/problem+json";

  /** Where each kind of problem has a heading, its title. */
  private static final String PAGE =
      "https://github.com/camelrestcache/camel-rest-cache/blob/main/docs/errors.md";

  /**
   * What to send.
   *
   * @param fields the header fields, without {@code Content-Length}
   */
  public record Answer(HttpFields fields, byte[] content) {}

  private final int status;
  private final String title;
  private final transient HttpFields fields = new HttpFields();

  /**
   * @param title a fixed name for this kind of problem
   * @param detail a sentence that tells the client what to do
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

  /** Adds {@code Retry-After} in whole seconds, at least 1 (RFC 9110 10.2.3). */
  public Problem retryAfter(Duration wait) {
    return with("Retry-After", Long.toString(Math.max(1, (wait.toMillis() + 999) / 1000)));
  }

  public int status() {
    return status;
  }

  public HttpFields fields() {
    return fields;
  }

  /** The title in kebab case, for {@code Cache-Status} and as the anchor of its heading. */
  String slug() {
    return title.toLowerCase(Locale.ROOT).replace(' ', '-');
  }

  /**
   * The answer: {@code application/problem+json} if the client names it, or else {@code
   * application/json}, where {@code status} is a string as in GitHub's errors.
   *
   * @param accept the values of the {@code Accept} fields of the request
   */
  public Answer answer(List<String> accept) {
    boolean isAsked = Weights.of(String.join(",", accept)).getOrDefault(RFC_9457, 0.0) > 0;
    HttpFields answer =
        new HttpFields()
            .add("Date", HttpDates.format(Instant.now()))
            .add("Content-Type", isAsked ? RFC_9457 : "application/json; charset=utf-8")
            .add("Vary", "Accept")
            .add("Cache-Status", "camel-rest-cache; detail=" + slug());
    fields.all().forEach(field -> answer.set(field.getKey(), field.getValue()));
    String page = PAGE + "#" + slug();
    ObjectNode content =
        JsonNodeFactory.instance
            .objectNode()
            .put("message", getMessage())
            .put("documentation_url", page)
            .put("type", page)
            .put("title", title)
            .put("detail", getMessage());
    if (isAsked) {
      content.put("status", status);
    } else {
      content.put("status", Integer.toString(status));
    }
    return new Answer(answer, content.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** A 503 with {@code Retry-After: 1}. */
  public static Problem busy(String reason) {
    return new Problem(503, "Busy", reason + ": try again in a moment.")
        .retryAfter(Duration.ofSeconds(1));
  }

  /** GitHub's answer violates HTTP, such as by a field name with a space. */
  public static Problem unreadable() {
    return new Problem(502, "Bad gateway", "GitHub's answer cannot be passed on: try again.");
  }

  /** A failure that {@link #of} does not know. */
  public static Problem internal() {
    return new Problem(
        500,
        "Internal error",
        "Internal error of the service: report it with the X-Request-Id of this answer.");
  }

  /** Maps a failure of GitHub or the store to an answer; null for any other failure. */
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
        return busy("Too many requests to GitHub are in flight (" + t.getMessage() + ")");
      }
      if (t instanceof SocketTimeoutException || t instanceof ConnectTimeoutException) {
        return new Problem(
            504, "Gateway timeout", "GitHub did not answer in time: try again in a moment.");
      }
      if (t instanceof IOException || t instanceof HttpException) {
        return new Problem(
            502,
            "Bad gateway",
            "GitHub cannot be reached or closed the connection: try again in a moment.");
      }
    }
    return null;
  }
}
