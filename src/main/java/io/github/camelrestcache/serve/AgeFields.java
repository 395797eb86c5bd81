package io.github.camelrestcache.serve;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;

/** The fields of a stored answer that depend on its age, made once a second. */
final class AgeFields {

  private record Second(long age, CharSequence value, CharSequence hit) {}

  private static final CharSequence AGE = HttpHeaders.createOptimized("Age");
  private static final CharSequence CACHE_STATUS = HttpHeaders.createOptimized("Cache-Status");

  private final long lifetime;
  private volatile Second last = new Second(-1, "", "");

  /**
   * @param lifetime how long the answer is fresh, in seconds
   */
  AgeFields(long lifetime) {
    this.lifetime = lifetime;
  }

  /**
   * Adds {@code Age} and {@code Cache-Status}.
   *
   * @param age in seconds
   * @param status the parameters of the Cache-Status (RFC 9211 2), or null for a hit
   */
  void addTo(MultiMap fields, long age, String status) {
    Second now = last;
    if (now.age() != age) {
      // an entry that is refreshed on time can be a second late
      String stale = age > lifetime + 1 ? "; detail=stale" : "";
      now =
          new Second(
              age,
              HttpHeaders.createOptimized(Long.toString(age)),
              HttpHeaders.createOptimized(
                  "camel-rest-cache; hit; ttl=" + (lifetime - age) + stale));
      last = now;
    }
    fields.add(AGE, now.value());
    fields.add(CACHE_STATUS, status == null ? now.hit() : "camel-rest-cache; " + status);
  }
}
