package io.github.camelrestcache.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.cache.Freshness.Rules;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which responses are stored, and for how long they may be used. Sections are of RFC 9111. */
class FreshnessTest {

  private static final String DATE = "Date: Thu, 01 Jan 2026 00:00:00 GMT; ";

  /** Header fields, separated by a semicolon and a space. */
  static HttpFields fields(String text) {
    HttpFields fields = new HttpFields();
    for (String line : text == null ? new String[0] : text.split("; ")) {
      String[] field = line.split(":", 2);
      fields.add(field[0].strip(), field[1].strip());
    }
    return fields;
  }

  private static Freshness of(int status, String fields, boolean isShared) {
    return Freshness.of(status, fields(fields), isShared, new Rules(false, Duration.ofHours(1)));
  }

  private static String lifetime(String fields, boolean isShared) {
    Freshness freshness = of(200, DATE + "ETag: \"a\"; " + fields, isShared);
    return freshness.isStorable() ? Long.toString(freshness.lifetime()) : "no";
  }

  @ParameterizedTest
  @CsvSource({
    "'Cache-Control: MAX-AGE=60, unknown=1', 60, 60", // 5.2.2.1
    "'Cache-Control: no-store, must-understand, max-age=9', 9, 9", // 5.2.2.3
    "'Cache-Control: max-age=60, No-Store', no, no", // 5.2.2.5
    "'Cache-Control: private, max-age=60', no, 60", // 5.2.2.7
    "'Cache-Control: max-age=60, s-maxage=10', 10, 60", // 5.2.2.10
    "'Cache-Control: s-maxage=x, max-age=60', 0, 60", // 5.2.2.10
    "'Cache-Control: max-age=60, max-age=10', 60, 60", // 4.2.1
    "Cache-Control: max-age=\"60\", 60, 60", // 5.2
    "Cache-Control: max-age, 0, 0", // 4.2.1: invalid is stale
    "Cache-Control: max-age=-1, 0, 0", // 4.2.1
    "Cache-Control: max-age=2147483648, 2147483647, 2147483647", // 1.2.2
    "Cache-Control: max-age=99999999999999999999, 2147483647, 2147483647", // 1.2.2
    "'Expires: Thu, 01 Jan 2026 00:01:40 GMT', 100, 100", // 4.2.1: minus Date
    "'Expires: Thu, 01 Jan 2026 00:01:40 GMT; Cache-Control: max-age=60', 60, 60", // 5.3
    "'Expires: Thu, 01 Jan 2026 00:01:40 GMT; Cache-Control: max-age=x', 0, 0", // 5.3
    "Expires: 0, 0, 0", // 5.3
    "'Expires: Fri, 31 Dec 9999 23:59:59 GMT', 2147483647, 2147483647" // 1.2.2
  })
  void explicitLifetime(String fields, String shared, String ofOneCaller) {
    assertThat(lifetime(fields, true)).isEqualTo(shared);
    assertThat(lifetime(fields, false)).isEqualTo(ofOneCaller);
  }

  @ParameterizedTest
  @CsvSource({
    "CDN-Cache-Control: max-age=10; Cache-Control: max-age=60, 10, 60",
    "'CDN-Cache-Control: max-age=10, s-maxage=5; Cache-Control: max-age=60', 5, 60",
    "CDN-Cache-Control: max-age=10; Cache-Control: no-store, 10, no",
    "CDN-Cache-Control: no-store; Cache-Control: max-age=60, no, 60",
    "'CDN-Cache-Control: public; Expires: Thu, 01 Jan 2026 00:01:40 GMT', 0, 100",
    "CDN-Cache-Control: max-age=\"10\"; Cache-Control: max-age=60, 60, 60", // invalid
    "'CDN-Cache-Control: max-age=10,; Cache-Control: max-age=60', 60, 60",
    "CDN-Cache-Control:; Cache-Control: max-age=60, 60, 60"
  })
  void targetedFieldReplacesOthers(String fields, String shared, String ofOneCaller) {
    assertThat(lifetime(fields, true)).isEqualTo(shared); // RFC 9213 2.1
    assertThat(lifetime(fields, false)).isEqualTo(ofOneCaller);
  }

  @ParameterizedTest
  @CsvSource({
    "'Last-Modified: Wed, 31 Dec 2025 23:43:20 GMT', 100",
    "'Last-Modified: Wed, 31 Dec 2025 23:43:20 GMT; Cache-Control: max-age=1', 1",
    "'Last-Modified: Thu, 01 Jan 2015 00:00:00 GMT', 86400",
    "'Last-Modified: Thu, 01 Jan 2026 00:00:01 GMT', 0"
  })
  void heuristicIsTenthOfTimeSinceModification(String fields, long lifetime) { // 4.2.2
    Rules heuristic = new Rules(true, Duration.ZERO);
    Freshness freshness = Freshness.of(200, fields(DATE + fields), true, heuristic);
    assertThat(freshness.lifetime()).isEqualTo(lifetime);
    assertThat(lifetime(fields, true)).isEqualTo(lifetime == 1 ? "1" : "0"); // switched off
  }

  @ParameterizedTest
  @ValueSource(ints = {202, 206, 304, 401, 403, 404, 412, 416, 429})
  void statusIsNeverStored(int status) {
    assertThat(of(status, "Cache-Control: public, max-age=60", true).isStorable()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "200, ETag: W/\"a\"; Cache-Control: no-cache, true",
    "200, Cache-Control: public, false", // neither fresh at any time nor possible to validate
    "200, 'Cache-Control: max-age=60, no-cache', false",
    "302, ETag: \"a\", false", // 3: the status has no heuristic freshness
    "299, 'Cache-Control: must-understand, max-age=60', false", // 5.2.2.3
    "299, 'Cache-Control: no-store, must-understand, max-age=60', false"
  })
  void usableResponseIsStored(int status, String fields, boolean isStored) {
    assertThat(of(status, fields, false).isStorable()).isEqualTo(isStored);
  }

  @ParameterizedTest
  @CsvSource({
    "public, true, true",
    "must-revalidate, false, false", // 5.2.2.2
    "proxy-revalidate, false, true", // 5.2.2.8
    "no-cache=\"X\", false, false" // 5.2.2.4
  })
  void staleResponseMayStandIn(String directive, boolean shared, boolean ofOneCaller) {
    String fields = "Cache-Control: max-age=60, " + directive;
    assertThat(of(200, fields, true).mayStandIn(61)).isEqualTo(shared);
    assertThat(of(200, fields, false).mayStandIn(61)).isEqualTo(ofOneCaller);
  }

  @ParameterizedTest
  @CsvSource({"public, 3600", "stale-if-error=10, 10", "stale-if-error=7200, 3600"})
  void operatorCapsStaleIfError(String directive, long seconds) { // RFC 5861 4
    Freshness freshness = of(200, "Cache-Control: max-age=60, " + directive, true);
    assertThat(freshness.mayStandIn(60 + seconds)).isTrue();
    assertThat(freshness.mayStandIn(61 + seconds)).isFalse();
  }
}
