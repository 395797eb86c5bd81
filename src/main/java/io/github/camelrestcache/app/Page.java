package io.github.camelrestcache.app;

import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.RoutingContext;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.spi.Resource;
import org.apache.camel.spi.ResourceLoader;
import org.apache.camel.support.PluginHelper;

/**
 * Serves {@code page.html} at {@code /} on the management port. The Content Security Policy (Level
 * 3) allows only its own script and style, and only requests to this server.
 */
final class Page implements Handler<RoutingContext> {

  /** With Camel JBang, the project's resources are not on the classpath. */
  private static final String IN_CHECKOUT = "file:src/main/resources/page.html";

  private final Buffer html;
  private final String policy;

  Page(CamelContext context) throws IOException {
    try (InputStream file = file(context).getInputStream()) {
      html = Buffer.buffer(file.readAllBytes());
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

  private static Resource file(CamelContext context) throws IOException {
    ResourceLoader loader = PluginHelper.getResourceLoader(context);
    return Stream.of("classpath:page.html", IN_CHECKOUT)
        .map(loader::resolveResource)
        .filter(Resource::exists)
        .findFirst()
        .orElseThrow(() -> new FileNotFoundException(IN_CHECKOUT + " does not exist"));
  }

  /** The CSP hash source of the content of this element. */
  private static String hash(String html, String tag) {
    String begin = "<" + tag + ">";
    String content =
        html.substring(html.indexOf(begin) + begin.length(), html.indexOf("</" + tag + ">"));
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(content.getBytes(StandardCharsets.UTF_8));
      return "'sha256-" + Base64.getEncoder().encodeToString(hash) + "'";
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
