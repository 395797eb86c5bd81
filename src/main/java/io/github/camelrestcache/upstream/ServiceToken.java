package io.github.camelrestcache.upstream;

import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.base.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The service's token: {@code GITHUB_API_TOKEN}, the content of the file {@code
 * GITHUB_API_TOKEN_FILE}, which may change at run time, or that of a GitHub App ({@link AppToken}).
 */
public final class ServiceToken {

  private static final Logger LOG = LoggerFactory.getLogger(ServiceToken.class);

  private final Path file;
  private final AppToken app;
  private volatile String token;
  private String lastFailure;

  /**
   * Reads the token.
   *
   * @throws BadConfiguration if the file contains no valid token
   */
  public ServiceToken(Settings.GitHub settings, AppToken app) {
    this.app = app;
    file = settings.tokenFile();
    try {
      token = file == null ? settings.token() : read();
    } catch (BadConfiguration e) {
      throw new BadConfiguration("GITHUB_API_TOKEN_FILE is '" + file + "': " + e.getMessage());
    }
  }

  /** The token, or an empty string. */
  String now() {
    return app.isConfigured() ? app.now() : token;
  }

  /** Names the cache partition of a token: an installation keeps its own when tokens change. */
  String owner(String lent) {
    return app.isConfigured() ? app.name() : lent;
  }

  /** Why the GitHub App has no valid token, or null if it has one or there is no App. */
  String missing() {
    return app.missing();
  }

  /** For the healthcheck: {@code ready}, {@code none} without a token, or what failed. */
  public String state() {
    String usual = now().isEmpty() ? "none" : "ready";
    return app.lastFailure() == null ? usual : app.lastFailure();
  }

  /** Reads the file again, if there is one; called every second. */
  public void look() {
    if (file == null) {
      return;
    }
    try {
      String now = read();
      if (lastFailure != null || !now.equals(token)) {
        LOG.info("Using the token that is now in GITHUB_API_TOKEN_FILE");
      }
      token = now;
      lastFailure = null;
    } catch (BadConfiguration e) {
      if (!e.getMessage().equals(lastFailure)) {
        LOG.warn("GITHUB_API_TOKEN_FILE: {}. Keeping the previous token", e.getMessage());
      }
      lastFailure = e.getMessage();
    }
  }

  private String read() {
    String read;
    try {
      read = Files.readString(file).strip();
    } catch (IOException e) {
      throw BadConfiguration.unreadable("it", e);
    }
    if (read.isEmpty() || !Settings.isToken(read)) {
      throw new BadConfiguration(
          "its content is not a token of printable characters without spaces");
    }
    return read;
  }
}
