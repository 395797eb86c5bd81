package io.github.camelrestcache.refresh;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.upstream.Limit;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** Turns an answer that is not a page into a failure whose sentence says what to do. */
final class Refusals {

  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss 'UTC'").withZone(ZoneOffset.UTC);

  private Refusals() {}

  static RefreshFailed of(CachedEndpoint endpoint, int status, HttpFields fields, byte[] body) {
    if (status == 401) {
      return new RefreshFailed(
          "GitHub refuses the token (401): set GITHUB_API_TOKEN to a valid one, or unset it");
    }
    if (status == 404) {
      return new RefreshFailed(
          "GitHub does not know %s (404): check GITHUB_ORG and the access of the token"
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
          "GitHub answered %s with %d%s; retrying in a minute"
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
