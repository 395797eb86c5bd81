package io.github.camelrestcache.catalog;

import java.time.Duration;
import java.util.Locale;
import java.util.Set;

/**
 * A cached GitHub path, as declared in routes/endpoints.camel.yaml.
 *
 * @param id the id of the declaring route
 * @param description the description of the route, one sentence
 * @param path the path at GitHub and here, such as {@code /orgs/Netflix/repos}, maybe with a query
 * @param template the path with placeholders, such as {@code /orgs/{org}/repos}
 * @param shape the JSON that is cached: a list in pages, or one object
 * @param items the field with the list if GitHub answers an object around it, or an empty string
 * @param accept the media type to request, or an empty string for JSON
 * @param every the refresh interval
 * @param events the webhook events that trigger a refresh
 * @param source file and line of the declaration
 */
public record CachedEndpoint(
    String id,
    String description,
    String path,
    String template,
    Shape shape,
    String items,
    String accept,
    Duration every,
    Set<String> events,
    String source) {

  public enum Shape {
    LIST,
    OBJECT
  }

  /** Whether a path is that of this endpoint or below it, in upper or lower case. */
  public boolean covers(String other) {
    String path = plainPath().toLowerCase(Locale.ROOT) + "/";
    return (other + "/").toLowerCase(Locale.ROOT).startsWith(path);
  }

  /** The path without a query. */
  public String plainPath() {
    return path.replaceFirst("\\?.*", "");
  }
}
