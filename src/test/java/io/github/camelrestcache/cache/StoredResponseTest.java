package io.github.camelrestcache.cache;

import static io.github.camelrestcache.cache.FreshnessTest.fields;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.cache.Scopes.Version;
import io.github.camelrestcache.upstream.UpstreamRequest;
import java.io.IOException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is stored of a response, which requests select it and how it is updated. */
class StoredResponseTest {

  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00.123Z");
  private static final Version VERSION = new Version("purge", "mark");

  private static StoredResponse stored(String fields, String asked, byte... content) {
    return StoredResponse.of(200, fields(fields), content, NOW, VERSION, ask(asked));
  }

  private static UpstreamRequest ask(String fields) {
    return new UpstreamRequest("GET", "/a", fields(fields), null, false, "nobody", "key", null);
  }

  @Test
  void bytesHoldWholeResponse() throws IOException {
    String fields = "Set-Cookie: a; X: naïve 日本 😀; set-cookie: b; Empty:; Vary: Accept, X-Ü";
    StoredResponse stored = stored(fields, "Accept: a/b; X-Ü: ä", (byte) 0, (byte) -1, (byte) 13);
    StoredResponse read = StoredResponse.of(stored.toBytes());
    assertThat(read).usingRecursiveComparison().isEqualTo(stored);
    assertThat(read.fields().get("X")).isEqualTo("naïve 日本 😀");
    assertThat(read.isSelectedBy(fields("X-Ü: ä; Accept: a/b"))).isTrue();
  }

  @Test
  void incompleteOrForeignBytesAreNoResponse() throws IOException {
    byte[] whole = stored("ETag: \"a\"; Vary: Accept", "Accept: a/b").toBytes();
    for (int length = 0; length < whole.length; length++) {
      assertThat(StoredResponse.of(Arrays.copyOf(whole, length))).isNull();
    }
    whole[0]++; // another format
    assertThat(StoredResponse.of(whole)).isNull();
  }

  @Test
  void storedFieldsAreEndToEndAndDated() { // RFC 9111 3.1, RFC 9110 6.6.1
    assertThat(stored("Connection: X-A; X-A: 1; Keep-Alive: 5; Date: soon", null).fields().all())
        .containsExactly(Map.entry("Date", "Thu, 01 Jan 2026 00:00:00 GMT"));
    assertThat(stored("Date: Sun Nov  6 08:49:37 1994", null).fields().get("Date"))
        .isEqualTo("Sun Nov  6 08:49:37 1994");
  }

  @ParameterizedTest
  @CsvSource({
    ", X-A: 1, X-A: 2, true",
    "X-A, X-A: 1, x-a: 1; X-B: 2, true",
    "x-a, X-A: 1, X-A: 2, false",
    "X-A, , X-A: 1, false",
    "'X-A, X-B', X-A: 1; X-B: 2, X-A: 1; X-B: 3, false",
    "X-A, X-A: 1; X-A: 2, 'X-A: 1 ,2', true",
    "X-A, 'X-A: 1, 2', 'X-A: 2, 1', false",
    "X-A, X-A: a, X-A: A, false",
    "Accept-Language, 'Accept-Language: en,de', 'Accept-Language: DE, en', true",
    "Accept-Language, Accept-Language: en, Accept-Language: en;q=0.5, false",
    "'Authorization,Accept-Encoding', Authorization: a, Accept-Encoding: gzip, true"
  })
  void varySelects(String vary, String stored, String asked, boolean isSelected) {
    StoredResponse response = stored(vary == null ? null : "Vary: " + vary, stored);
    assertThat(response.isSelectedBy(fields(asked))).isEqualTo(isSelected);
    assertThat(response.variants().isSelectedBy(fields(asked))).isFalse();
    assertThat(response.variants().names()).isEqualTo(response.names());
  }

  @Test
  void cookieIsStoredAsHash() throws IOException {
    StoredResponse stored = stored("Vary: Cookie", "Cookie: secret");
    assertThat(new String(stored.toBytes(), ISO_8859_1)).doesNotContain("secret");
    assertThat(stored.isSelectedBy(fields("Cookie: secret"))).isTrue();
  }

  @Test
  void validationReplacesFieldsButNotThoseOfContent() { // RFC 9111 3.2, 4.3.4
    String before = "ETag: \"a\"; Age: 50; X: 1; X: 2; Content-Type: a/b; Content-Encoding: gzip";
    String sent = "etag: \"b\"; X-C: 4; Content-Type: c/d; Content-Encoding: br; Host: x";
    Version version = new Version("purge", "new");
    Instant later = NOW.plusSeconds(100);
    StoredResponse valid =
        stored(before, null, (byte) 1).validated(fields(sent), later, version, ask(null));
    String expected = "X: 1; X: 2; Content-Type: a/b; Content-Encoding: gzip; etag: \"b\"; X-C: 4";
    String date = "; Date: Thu, 01 Jan 2026 00:01:40 GMT";
    assertThat(valid.fields().all()).isEqualTo(fields(expected + date).all());
    assertThat(valid.content()).containsExactly(1);
    assertThat(valid.version()).isEqualTo(version);
  }

  @ParameterizedTest
  @CsvSource({
    "'Age: 7, 9', 7", // RFC 9111 5.1: the first
    "Age: -7, 0",
    "Age: 7s, 0",
    "Age: 99999999999999999999, 2147483647",
    "'Date: Sun, 06 Nov 1994 08:49:37 GMT', 0"
  })
  void ageIsInitialAgeAndTimeSinceArrival(String fields, long initial) { // RFC 9111 4.2.3
    StoredResponse stored = stored(fields, null);
    assertThat(stored.age(NOW)).isEqualTo(initial);
    assertThat(stored.age(NOW.plusMillis(9_999))).isEqualTo(initial + 9);
    assertThat(stored.age(NOW.minusSeconds(9))).isEqualTo(initial);
  }
}
