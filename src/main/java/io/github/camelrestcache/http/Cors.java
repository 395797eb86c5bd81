package io.github.camelrestcache.http;

import io.github.camelrestcache.base.HttpDates;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.time.Instant;
import java.util.regex.Pattern;

/**
 * Lets pages of any origin call this service (Fetch, 3.3 "CORS protocol"; "Using CORS and JSONP" in
 * GitHub's documentation). Pages cannot send cookies, because no answer allows credentials.
 * GitHub's webhook is not for pages.
 */
final class Cors {

  private static final String WEBHOOK = "/webhook/github";
  private static final Pattern NAMES = Pattern.compile("[\\w!#$%&'*+.^`|~, -]+");
  private static final CharSequence ANY = HttpHeaders.createOptimized("*");

  /** Our fields, then those that GitHub exposes. */
  private static final CharSequence EXPOSED =
      HttpHeaders.createOptimized(
          "Age, Cache-Status, X-Request-Id, RateLimit, RateLimit-Policy, ETag, Link, Location,"
              + " Retry-After, X-GitHub-OTP, X-RateLimit-Limit, X-RateLimit-Remaining,"
              + " X-RateLimit-Used, X-RateLimit-Resource, X-RateLimit-Reset, X-OAuth-Scopes,"
              + " X-Accepted-OAuth-Scopes, X-Poll-Interval, X-GitHub-Media-Type, X-GitHub-SSO,"
              + " X-GitHub-Request-Id, Deprecation, Sunset");

  private Cors() {}

  /** Adds the fields that let a page read the answer. */
  static void expose(HttpServerRequest request) {
    if (!WEBHOOK.equals(request.path())) {
      request
          .response()
          .headers()
          .add(HttpHeaders.ACCESS_CONTROL_ALLOW_ORIGIN, ANY)
          .add(HttpHeaders.ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
  }

  /** Whether to answer the request here: any OPTIONS without content, except to the webhook. */
  static boolean isOptions(HttpServerRequest request) {
    return request.method() == HttpMethod.OPTIONS
        && !RequestCheck.hasContent(request)
        && !WEBHOOK.equals(request.path());
  }

  /**
   * Sets the answer to an OPTIONS request, which may be a preflight: 204. It allows the header
   * fields that the page has asked for, and is valid for a day.
   *
   * @param isReadOnly whether the path is one of this service, which can only be read
   */
  static void answerOptions(HttpServerRequest request, boolean isReadOnly) {
    HttpServerResponse response = request.response().setStatusCode(204);
    MultiMap fields = response.headers();
    fields.add(HttpHeaders.DATE, HttpDates.format(Instant.now()));
    String methods = isReadOnly ? "GET, HEAD" : "GET, HEAD, POST, PATCH, PUT, DELETE";
    fields.add(HttpHeaders.ACCESS_CONTROL_ALLOW_METHODS, methods);
    fields.add(HttpHeaders.ACCESS_CONTROL_MAX_AGE, "86400");
    if (isReadOnly) { // GitHub does not say it of its paths
      fields.add(HttpHeaders.ALLOW, methods + ", OPTIONS");
    }
    String names =
        String.join(", ", request.headers().getAll(HttpHeaders.ACCESS_CONTROL_REQUEST_HEADERS));
    if (NAMES.matcher(names).matches()) {
      fields.add(HttpHeaders.ACCESS_CONTROL_ALLOW_HEADERS, names);
    }
  }
}
