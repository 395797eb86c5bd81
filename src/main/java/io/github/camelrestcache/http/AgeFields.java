package io.github.camelrestcache.http;

import io.vertx.core.http.HttpHeaders;

/** The fields of a stored answer that say how old it is, made once in a second. */
final class AgeFields {

  private record Second(long age, CharSequence value, CharSequence hit) {}

  private static final CharSequence AGE = HttpHeaders.createOptimized("Age");
  static final CharSequence CACHE_STATUS = HttpHeaders.createOptimized("Cache-Status");

  private final long lifetime;
  private volatile Second last = new Second(-1, "", "");

  /**
   * @param lifetime how long the answer is fresh, in seconds
   */
  AgeFields(long lifetime) {
    this.lifetime = lifetime;
  }

  /**
   * Adds them.
   *
   * @param age in seconds
   * @param met how the request was met, in the words of RFC 9211; null when by what is stored
   */
  void add(Response response, long age, String met) {
    Second now = last;
    if (now.age() != age) {
      // a second late is what a refresh on time can be
      String stale = age > lifetime + 1 ? "; detail=stale" : "";
      now =
          new Second(
              age,
              HttpHeaders.createOptimized(Long.toString(age)),
              HttpHeaders.createOptimized(
                  "camel-rest-cache; hit; ttl=" + (lifetime - age) + stale));
      last = now;
    }
    response.add(AGE, now.value());
    response.add(CACHE_STATUS, met == null ? now.hit() : "camel-rest-cache; " + met);
  }
}
