package io.github.camelrestcache.upstream;

import io.github.camelrestcache.ContextBean;
import io.github.camelrestcache.Settings;
import io.github.camelrestcache.catalog.BadConfiguration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.camel.BindToRegistry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The service's token: {@code GITHUB_API_TOKEN}, or what is in the file that {@code
 * GITHUB_API_TOKEN_FILE} names, which may change while the service runs.
 */
@BindToRegistry(value = "serviceToken", initMethod = "start")
public class ServiceToken extends ContextBean {

  private static final Logger LOG = LoggerFactory.getLogger(ServiceToken.class);

  /** How long it takes at most to notice that the file has changed. */
  private static final long PAUSE = Duration.ofSeconds(1).toNanos();

  private Path file;
  private volatile String token;
  private volatile long looked;
  private String trouble;

  /**
   * Reads it.
   *
   * @throws BadConfiguration if the file has none
   */
  public void start() {
    token = Settings.get(context, "github.api.token");
    String name = Settings.get(context, "github.api.token.file");
    if (!name.isEmpty()) {
      try {
        file = Path.of(name);
        token = read();
        looked = System.nanoTime();
      } catch (IOException | InvalidPathException e) {
        throw new BadConfiguration("GITHUB_API_TOKEN_FILE is '" + name + "': " + reason(e));
      }
    }
  }

  /** The token, empty when there is none. */
  String now() {
    if (file != null && System.nanoTime() - looked > PAUSE) {
      look();
    }
    return token;
  }

  private synchronized void look() {
    if (System.nanoTime() - looked <= PAUSE) {
      return;
    }
    try {
      String now = read();
      if (trouble != null || !now.equals(token)) {
        LOG.info("The token in GITHUB_API_TOKEN_FILE is used from now on");
      }
      token = now;
      trouble = null;
    } catch (IOException e) {
      String reason = reason(e);
      if (!reason.equals(trouble)) {
        LOG.warn("GITHUB_API_TOKEN_FILE: {}. The token that was there last is still used", reason);
      }
      trouble = reason;
    }
    looked = System.nanoTime();
  }

  private String read() throws IOException {
    String read = Files.readString(file).strip();
    if (read.isEmpty() || !Settings.isToken(read)) {
      throw new IOException("its content is no token of printable characters without spaces");
    }
    return read;
  }

  private static String reason(Exception failure) {
    return failure.getClass() == IOException.class
        ? failure.getMessage()
        : "it cannot be read (" + failure.getClass().getSimpleName() + ")";
  }
}
