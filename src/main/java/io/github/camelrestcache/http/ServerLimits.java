package io.github.camelrestcache.http;

import io.github.camelrestcache.Settings;
import io.vertx.core.http.HttpServerOptions;
import java.time.Duration;
import org.apache.camel.CamelContext;

/**
 * How much of one client, and of all, an HTTP server here takes.
 *
 * @param requestLine the longest request line, in bytes
 * @param fields the largest header section, in bytes
 * @param content the largest content of a request, in bytes
 * @param connections the most at one time
 * @param idle how long a connection may be silent
 * @param head how long a request line and its fields may take to come
 */
record ServerLimits(
    int requestLine, int fields, long content, int connections, Duration idle, Duration head) {

  static ServerLimits of(CamelContext context) {
    return new ServerLimits(
        most(context, "max.request.line"),
        most(context, "max.request.fields"),
        Settings.bytes(context, "max.request.body"),
        Settings.number(context, "max.connections"),
        Settings.time(context, "idle.timeout"),
        Settings.time(context, "request.timeout"));
  }

  private static int most(CamelContext context, String key) {
    return (int) Math.min(Integer.MAX_VALUE, Settings.bytes(context, key));
  }

  /** Sets those that Vert.x knows. */
  void apply(HttpServerOptions options) {
    options.setMaxInitialLineLength(requestLine).setMaxHeaderSize(fields);
  }

  Problem lineTooLong() {
    return new Problem(
        414, "URI too long", "The request line has more than " + requestLine + " bytes.");
  }

  Problem fieldsTooLarge() {
    return new Problem(
        431,
        "Request header fields too large",
        "The header fields have more than " + fields + " bytes.");
  }

  Problem contentTooLarge() {
    return new Problem(
        413,
        "Content too large",
        "The content of the request has more than " + content + " bytes.");
  }
}
