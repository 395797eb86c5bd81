package io.github.camelrestcache.refresh;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.upstream.Limit;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** What an answer that is no page means for a refresh, in a sentence that says what to do. */
final class Refusals {

  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss 'UTC'").withZone(ZoneOffset.UTC);

  private Refusals() {}

  /** The failure that an answer is. */
  static RefreshFailed of(CachedEndpoint endpoint, int status, HttpFields fields, byte[] body) {
    if (status == 401) {
      return new RefreshFailed(
          "GitHub refuses the token (401): give GITHUB_API_TOKEN a valid one, or none");
    }
    if (status == 404) {
      return new RefreshFailed(
          "GitHub knows no %s (404): check GITHUB_ORG, and whether the token may see it"
              .formatted(endpoint.path()));
    }
    String message = Limit.message(new String(body, UTF_8));
    String said = message.isEmpty() ? "" : ": " + message;
    if (status != 403 && status != 429) {
      return new RefreshFailed(
          "GitHub answered %s with %d%s".formatted(endpoint.path(), status, said));
    }
    Duration wait = Limit.wait(fields::get);
    Instant until = Instant.now().plus(wait == null ? Duration.ofMinutes(1) : wait);
    if (wait == null) {
      return new RefreshFailed(
          "GitHub answered %s with %d%s, and is left alone for a minute"
              .formatted(endpoint.path(), status, said),
          until);
    }
    return new RefreshFailed(
        "0".equals(fields.get("x-ratelimit-remaining"))
            ? "The rate limit of %s requests is spent until %s (%d)"
                .formatted(fields.get("x-ratelimit-limit"), CLOCK.format(until), status)
            : "GitHub asks to wait until %s (%d%s)".formatted(CLOCK.format(until), status, said),
        until);
  }
}
