package io.github.camelrestcache.refresh;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.upstream.Limit;
import io.github.camelrestcache.upstream.TokenStatus;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Set;

/** A refresh that published nothing; the message is a sentence. */
public final class RefreshFailed extends RuntimeException {

  private static final long serialVersionUID = 1;

  /** Ends a refresh whose lease was revoked by a purge, or granted again after it expired. */
  static final RefreshFailed LEASE_LOST = new RefreshFailed("Another refresh has taken over");

  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss 'UTC'").withZone(ZoneOffset.UTC);

  private static final Set<Integer> DENIALS = Set.of(404, 410, 451);

  private final Instant notBefore;
  private final int gone;

  RefreshFailed(String reason) {
    this(reason, Instant.EPOCH, 0);
  }

  /**
   * @param notBefore the earliest time of another request to GitHub
   * @param gone see {@link #gone()}
   */
  RefreshFailed(String reason, Instant notBefore, int gone) {
    super(reason, null, false, false);
    this.notBefore = notBefore;
    this.gone = gone;
  }

  /** The status if GitHub does not have the endpoint, or does not show it to the token, or 0. */
  int gone() {
    return gone;
  }

  /**
   * An answer that is not a page; the sentence says what to do.
   *
   * @param isFirst whether GitHub has answered no page of the endpoint before
   */
  static RefreshFailed of(
      CachedEndpoint endpoint, boolean isFirst, int status, HttpFields fields, byte[] body) {
    String message = Limit.message(new String(body, UTF_8));
    String said = message.isEmpty() ? "" : ": " + message;
    String answered = "GitHub answered %s with %d%s".formatted(endpoint.path(), status, said);
    if (status == 403 || status == 429) {
      Duration wait = Limit.wait(fields::get);
      Instant until = Instant.now().plus(wait == null ? Duration.ofMinutes(1) : wait);
      String sentence =
          wait == null
              ? answered + "; retrying in a minute"
              : "0".equals(fields.get("x-ratelimit-remaining"))
                  ? "The rate limit of %s requests is spent until %s (%d)"
                      .formatted(fields.get("x-ratelimit-limit"), CLOCK.format(until), status)
                  : "GitHub asks to wait until %s (%d%s)"
                      .formatted(CLOCK.format(until), status, said);
      return new RefreshFailed(sentence, until, 0);
    }
    String sentence =
        switch (status) {
          case 401 -> TokenStatus.REFUSED;
          case 404 ->
              "GitHub does not know %s (404): check GITHUB_ORG and the access of the token"
                  .formatted(endpoint.path());
          default -> answered;
        };
    return new RefreshFailed(
        sentence, Instant.EPOCH, isFirst && DENIALS.contains(status) ? status : 0);
  }

  Instant notBefore() {
    return notBefore;
  }

  /** How long to wait before GitHub is asked again, or null if it did not say. */
  Duration wait(Instant now) {
    return notBefore.isAfter(now) ? Duration.between(now, notBefore) : null;
  }
}
