package io.github.camelrestcache.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpMessage;

/**
 * The latest {@code x-ratelimit-*} fields of each credential and resource, for answers that GitHub
 * was not asked for.
 */
final class RateLimits {

  private static final String PREFIX = "x-ratelimit-";

  private final Cache<String, List<Header>> latest;

  /**
   * @param most of how many credentials and resources
   */
  RateLimits(int most) {
    latest = Caffeine.newBuilder().maximumSize(most).expireAfterWrite(Duration.ofHours(1)).build();
  }

  /** Remembers what an answer says. */
  void note(String partition, HttpMessage response) {
    List<Header> fields = fields(response);
    if (!fields.isEmpty()) {
      latest.put(key(partition, response), fields);
    }
  }

  /** Replaces what a stored answer says by what was said last. */
  void update(String partition, HttpMessage response) {
    List<Header> now = latest.getIfPresent(key(partition, response));
    fields(response).forEach(field -> response.removeHeaders(field.getName()));
    if (now != null) {
      now.forEach(response::addHeader);
    }
  }

  private static String key(String partition, HttpMessage response) {
    Header resource = response.getFirstHeader(PREFIX + "resource");
    return partition + " " + (resource == null ? "core" : resource.getValue());
  }

  private static List<Header> fields(HttpMessage response) {
    List<Header> fields = new ArrayList<>();
    for (Header header : response.getHeaders()) {
      if (header.getName().regionMatches(true, 0, PREFIX, 0, PREFIX.length())) {
        fields.add(header);
      }
    }
    return fields;
  }
}
