package io.github.camelrestcache.catalog;

import java.time.Duration;
import java.util.Set;

/**
 * A GitHub path that is kept, as routes/endpoints.camel.yaml declares it.
 *
 * @param id the id of the route that declares it
 * @param description what the route says that it is, in a sentence
 * @param path the path that GitHub and this service answer it at, such as {@code
 *     /orgs/Netflix/repos}
 * @param template the path as it is written, such as {@code /orgs/{org}/repos}
 * @param shape what GitHub answers: a list, of which all pages are fetched, or one object
 * @param every the time between two refreshes
 * @param events the webhook events that change what GitHub answers
 * @param source the file and line of its declaration
 */
public record CachedEndpoint(
    String id,
    String description,
    String path,
    String template,
    Shape shape,
    Duration every,
    Set<String> events,
    String source) {

  /** What a path answers with. */
  public enum Shape {
    LIST,
    OBJECT
  }
}
