package io.github.camelrestcache.standin;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A request on its way through the stand-in.
 *
 * @param path the path's segments, decoded; the root has one, which is empty
 * @param query the decoded query parameters
 * @param base the scheme and host that the client used, for URLs in headers
 */
record Call(
    Recorded request, Caller caller, String[] path, Map<String, String> query, String base) {
  /**
   * The caller.
   *
   * @param token the token; empty for somebody without one
   * @param login whom the token belongs to; empty for somebody without one
   * @param scopes the token's OAuth scopes; empty for a fine-grained token
   * @param permissions what a fine-grained token is granted, private repositories included
   */
  record Caller(String token, String login, List<String> scopes, List<String> permissions) {
    static final Caller ANONYMOUS = new Caller("", "", List.of(), List.of());

    boolean authorised() {
      return !token.isEmpty();
    }

    /** Tells whether private repositories exist for this caller. */
    boolean seesPrivate() {
      return scopes.contains("repo") || !permissions.isEmpty();
    }
  }

  /** The version of the API in which a repository no longer has the field has_downloads. */
  static final String NEWER = "2026-03-10";

  static Call of(Recorded request, Caller caller, String base) {
    String[] path = request.path().replaceFirst("^/", "").replace("+", "%2B").split("/", -1);
    Arrays.setAll(path, i -> Recorded.decoded(path[i]));
    return new Call(request, caller, path, request.parameters(), base);
  }

  /** True for GET and HEAD. */
  boolean reads() {
    return request.method().equals("GET") || request.method().equals("HEAD");
  }

  boolean newer() {
    return NEWER.equals(request.header("X-GitHub-Api-Version"));
  }

  /** Returns the form of text that Accept names: raw, html or, when it names none, json. */
  String form() {
    String accept = String.join(",", request.headers("Accept"));
    if (accept.matches("(?i).*application/vnd\\.github\\.(v3\\.)?raw\\b.*")) {
      return "raw";
    }
    return accept.matches("(?i).*application/vnd\\.github\\.(v3\\.)?html\\b.*") ? "html" : "json";
  }

  /** Returns a whole number above 0 from the query, or the given one. */
  int number(String parameter, int otherwise) {
    String value = query.getOrDefault(parameter, "");
    int number = value.matches("\\d{1,9}") ? Integer.parseInt(value) : 0;
    return number > 0 ? number : otherwise;
  }

  /** Returns the JSON object that the body holds, or null when it holds none. */
  JsonNode object() {
    try {
      JsonNode body = GitHubJson.MAPPER.readTree(request.body());
      return body.isObject() ? body : null;
    } catch (IOException malformed) {
      return null;
    }
  }

  /** Returns the Link header of a page (RFC 8288), empty when the list has that page alone. */
  String link(String path, int page, int last) {
    StringBuilder link = new StringBuilder();
    if (page > 1) {
      add(link, path, Math.min(page - 1, last), "prev");
    }
    if (page < last) {
      add(link, path, page + 1, "next");
      add(link, path, last, "last");
    }
    if (page > 1) {
      add(link, path, 1, "first");
    }
    return link.toString();
  }

  private void add(StringBuilder link, String path, int page, String rel) {
    String given = request.query();
    String changed = given.replaceFirst("(^|&)page=[^&]*", "$1page=" + page);
    if (!given.matches("(.*&)?page=.*")) {
      changed += (given.isEmpty() ? "page=" : "&page=") + page;
    }
    link.append(link.isEmpty() ? "<" : ", <").append(base).append('/').append(path);
    link.append('?').append(changed).append(">; rel=\"").append(rel).append('"');
  }
}
