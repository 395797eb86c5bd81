package io.github.camelrestcache.cache;

import io.github.camelrestcache.store.Changes;
import java.util.Set;

/**
 * What is stored for a request. Routes find it in the variable {@code found}.
 *
 * @param key the key of the resource, or null if nothing may be read or stored
 * @param place where the path belongs
 * @param version the version of the path
 * @param stamp of what the response was made from, read before it
 * @param names the request fields by which responses of the resource vary
 * @param response the stored response that the request selects, or null
 * @param looked when the look-up began, by {@link System#nanoTime()}
 */
public record Found(
    String key,
    Places.Place place,
    Scopes.Version version,
    Changes.Stamp stamp,
    Set<String> names,
    StoredResponse response,
    long looked) {

  /** For a request that the cache has nothing to do with. */
  static Found nothing(Places.Place place) {
    return new Found(null, place, null, null, null, null, 0);
  }

  /** The size of the stored content, in bytes. */
  public int size() {
    return response == null ? 0 : response.content().length;
  }

  boolean isCacheable() {
    return key != null;
  }

  /** Whether the scope has changed since the response was stored, so that it needs validation. */
  boolean isOutdated() {
    return version.mark().isEmpty() || !version.mark().equals(response.version().mark());
  }
}
