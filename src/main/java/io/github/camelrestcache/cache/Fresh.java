package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.store.Changes;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * A response in memory. It may be repeated while it is fresh and its scope is unchanged.
 *
 * @param key of the requests that it answers
 * @param credential the cache partition
 * @param fields as they arrived
 * @param content in its content coding
 * @param names request fields that select another response, if a request has them
 * @param stamp of what the response was made from
 * @param origin when its age was 0, by {@link System#nanoTime()}
 * @param lifetime how long GitHub need not be asked, in seconds
 */
public record Fresh(
    String key,
    String credential,
    int status,
    HttpFields fields,
    byte[] content,
    Set<String> names,
    Changes.Stamp stamp,
    long origin,
    long lifetime) {

  static Fresh of(
      String key, String credential, StoredResponse response, Found found, long lifetime) {
    long age = System.currentTimeMillis() - response.received();
    long initial = TimeUnit.SECONDS.toMillis(StoredResponse.initialAge(response.fields()));
    Set<String> names = response.names();
    names.remove("accept"); // is part of the key
    return new Fresh(
        key,
        credential,
        response.status(),
        response.fields(),
        response.content(),
        names,
        found.stamp(),
        System.nanoTime() - TimeUnit.MILLISECONDS.toNanos(Math.max(0, age) + initial),
        lifetime);
  }

  /** In seconds. */
  public long age() {
    return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - origin);
  }
}
