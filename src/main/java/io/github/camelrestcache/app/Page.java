package io.github.camelrestcache.app;

import io.github.camelrestcache.base.Hash;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * Serves {@code page.html} at {@code /} on the management port. The Content Security Policy (Level
 * 3) allows only its own script and style, and only requests to this server.
 */
final class Page implements Handler<RoutingContext> {

  private final Buffer html;
  private final String policy;

  Page() {
    try (InputStream file = Page.class.getResourceAsStream("/page.html")) {
      html = Buffer.buffer(file.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String text = html.toString();
    policy =
        "default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none';"
            + " frame-ancestors 'none'; script-src %s; style-src %s"
                .formatted(hash(text, "script"), hash(text, "style"));
  }

  @Override
  public void handle(RoutingContext request) {
    request
        .response()
        .putHeader("Content-Type", "text/html; charset=utf-8")
        .putHeader("Cache-Control", "no-cache")
        .putHeader("Content-Security-Policy", policy)
        .putHeader("X-Content-Type-Options", "nosniff")
        .putHeader("Referrer-Policy", "no-referrer")
        .end(html);
  }

  /** The CSP hash source of the content of this element. */
  private static String hash(String html, String tag) {
    String begin = "<" + tag + ">";
    String content =
        html.substring(html.indexOf(begin) + begin.length(), html.indexOf("</" + tag + ">"));
    byte[] hash = Hash.sha256().digest(content.getBytes(StandardCharsets.UTF_8));
    return "'sha256-" + Base64.getEncoder().encodeToString(hash) + "'";
  }
}
