package io.github.camelrestcache.upstream;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.MediaTypes;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.Settings;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.apache.camel.Variable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The installation token of the GitHub App. The route {@code update-token} alone requests tokens,
 * one at a time; until it has a new one, the previous one is used, unless GitHub refuses it. See
 * GitHub's "Generating an installation access token for a GitHub App".
 */
public final class AppToken {

  private static final Logger LOG = LoggerFactory.getLogger(AppToken.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Renews a token when this part of its life is left: ten minutes of GitHub's hour. */
  private static final int PART_LEFT = 6;

  private static final Duration FIRST_WAIT = Duration.ofSeconds(1);
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(10);

  /** How long requests wait for the first token, in seconds. */
  private static final int LONGEST_START = 30;

  private final Settings.App app;
  private final TokenStatus status;
  private final String version;
  private final Duration timeout;
  private final CompletableFuture<Void> begun = new CompletableFuture<>();

  private volatile String token = "";
  private volatile Instant end = Instant.EPOCH;
  private volatile String lastFailure;

  // only the route uses these
  private String installation;
  private Instant due = Instant.EPOCH;
  private Instant retry = Instant.EPOCH;
  private Duration wait = FIRST_WAIT;

  /**
   * @throws BadConfiguration if there is an App without a valid private key
   */
  public AppToken(Settings.GitHub settings, TokenStatus status) {
    app = settings.app();
    this.status = status;
    version = settings.version();
    timeout = settings.connectTimeout().plus(settings.answerTimeout());
    if (app == null) {
      begun.complete(null);
    } else {
      AppKey.read(app.keyFile());
      installation = app.installation();
      lastFailure = "GitHub has not sent the first token yet";
      begun.completeOnTimeout(null, LONGEST_START, TimeUnit.SECONDS);
    }
  }

  boolean isConfigured() {
    return app != null;
  }

  /** Names the installation; what has been cached for it is used with all of its tokens. */
  String name() {
    String id = app.installation();
    return "installation " + (id.isEmpty() ? app.id() + " of " + app.org() : id);
  }

  /** The token, or an empty string if there is no valid one. */
  String now() {
    return Instant.now().isBefore(end) ? token : "";
  }

  /** Why there is no valid token, or null if there is one or no App. */
  String missing() {
    if (app == null || !now().isEmpty()) {
      return null;
    }
    return lastFailure == null ? "The last token has expired" : lastFailure;
  }

  /** Why the last request for a token has failed, or null. */
  String lastFailure() {
    return lastFailure;
  }

  /**
   * Waits at the start until the first request for a token has been answered.
   *
   * @param client whose request needs no token if it has a credential, or null
   */
  public void await(@Variable("request") ClientRequest client) {
    if (client == null || !client.fields().contains("Authorization")) {
      begun.join();
    }
  }

  /** Whether a token is to be requested now: before the last one ends, or if GitHub refuses it. */
  public boolean isDue() {
    Instant time = status.isRefused(token) ? retry : due;
    return app != null && !Instant.now().isBefore(time);
  }

  /**
   * The request for a token, or first for the installation if only the organization is known.
   *
   * @throws BadConfiguration if the private key has been replaced by something else
   */
  public UpstreamRequest ask() {
    String jwt = AppKey.read(app.keyFile()).token(app.id(), Instant.now());
    HttpFields fields =
        new HttpFields()
            .add("Accept", MediaTypes.JSON)
            .add("Authorization", "Bearer " + jwt)
            .add("User-Agent", GitHub.USER_AGENT)
            .add("X-GitHub-Api-Version", version);
    boolean isKnown = !installation.isEmpty();
    return new UpstreamRequest(
        isKnown ? "POST" : "GET",
        isKnown
            ? "/app/installations/" + installation + "/access_tokens"
            : "/orgs/" + app.org() + "/installation",
        fields,
        null,
        false,
        "app",
        null,
        Instant.now().plus(timeout));
  }

  /**
   * Takes over the token, or the id of the installation, that GitHub has answered.
   *
   * @throws IllegalStateException if GitHub has answered something else
   */
  public void take(
      @Variable("ask") UpstreamRequest ask,
      @Variable("answered") UpstreamResponse answered,
      @Body InputStream body)
      throws IOException {
    byte[] content;
    try (body) {
      content = body == null ? new byte[0] : body.readNBytes(Contents.SMALL);
    }
    if (ask.isRead() && answered.status() == 200) {
      String id = JSON.readTree(content).path("id").asText();
      if (!id.matches("\\d{1,18}")) {
        throw new IllegalStateException("GitHub answered without the id of the installation");
      }
      installation = id;
    } else if (answered.status() == 201) {
      take(JSON.readTree(content), Limit.now(answered.fields()::get));
    } else {
      String said = Limit.message(new String(content, UTF_8));
      throw new IllegalStateException(
          "GitHub answered %d to the App%s%s"
              .formatted(
                  answered.status(),
                  said.isEmpty() ? "" : " (" + said + ")",
                  answered.status() == 401 || answered.status() == 404
                      ? ": check GITHUB_APP_ID, its private key, and the installation"
                      : ""));
    }
  }

  private void take(JsonNode answer, Instant there) {
    String issued = answer.path("token").asText();
    String until = answer.path("expires_at").asText();
    Duration life = until.isEmpty() ? Duration.ZERO : Duration.between(there, Instant.parse(until));
    if (issued.isEmpty() || !Settings.isToken(issued) || life.toSeconds() < 1) {
      throw new IllegalStateException("GitHub answered without a valid token");
    }
    Instant now = Instant.now();
    wait = status.isRefused(token) ? longer() : FIRST_WAIT;
    retry = now.plus(wait);
    token = issued;
    end = now.plus(life);
    double left = ThreadLocalRandom.current().nextDouble(1, 1.1) / PART_LEFT;
    due = end.minusMillis((long) (life.toMillis() * left));
    if (lastFailure != null) {
      LOG.info("Using a new installation token of the GitHub App");
    }
    lastFailure = null;
    begun.complete(null);
  }

  /** Records a failure, and when to try again: twice as late each time. */
  public void failed(@ExchangeProperty(Exchange.EXCEPTION_CAUGHT) Exception failure) {
    Problem problem = Problem.of(failure);
    String sentence =
        problem == null
            ? BadConfiguration.sentence(failure)
            : problem.getMessage().replaceFirst(":.*", "");
    if (!sentence.equals(lastFailure)) {
      LOG.warn("The request for an installation token of the GitHub App failed: {}", sentence);
    }
    lastFailure = sentence;
    installation = app.installation();
    due = Instant.now().plus(wait);
    retry = due;
    wait = longer();
    begun.complete(null);
  }

  private Duration longer() {
    Duration twice = wait.multipliedBy(2);
    return twice.compareTo(LONGEST_WAIT) < 0 ? twice : LONGEST_WAIT;
  }
}
