package io.github.camelrestcache.refresh;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.CachedEndpoint.Shape;
import io.github.camelrestcache.http.HttpFields;
import java.net.URI;
import java.nio.charset.Charset;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Seen at f6e402b: each of these fails. */
class PagesFindingsTest {

  private static Pages pages(Shape shape) {
    String path = shape == Shape.LIST ? "/orgs/x/repos" : "/orgs/x";
    return new Pages(
        new CachedEndpoint("i", "D.", path, shape, Duration.ofMinutes(1), "s:1"),
        URI.create("https://api.github.com"),
        3);
  }

  /**
   * java.net.URI resolves a reference that is a query only by RFC 2396: it drops the last segment.
   * RFC 3986 5.3 keeps the path. Followed as it is now, another resource is fetched.
   */
  @Test
  void aNextThatIsAQueryOnlyIsThePageWithAnotherQuery() {
    Pages pages = pages(Shape.LIST);
    pages.add(200, new HttpFields().add("Link", "<?page=2>; rel=\"next\""), "[]".getBytes(UTF_8));
    assertThat(pages.next()).isEqualTo("/orgs/x/repos?page=2"); // is /orgs/x/?page=2
  }

  /** The same quirk: an empty Location is the page itself (RFC 3986 4.4), not its folder. */
  @Test
  void anEmptyLocationIsThePageItselfAndSoRefused() {
    Pages pages = pages(Shape.OBJECT);
    HttpFields location = new HttpFields().add("Location", "");
    assertThatThrownBy(() -> pages.add(302, location, new byte[0])) // next() is /orgs/
        .isInstanceOf(RefreshFailed.class);
  }

  /** With a byte order mark the second byte is not 0: a broken splice is still published. */
  @ParameterizedTest
  @ValueSource(strings = {"UTF-16BE", "UTF-16LE", "UTF-32BE", "UTF-32LE"})
  void anotherEncodingThanUtf8IsRefusedWithAByteOrderMarkToo(String charset) {
    byte[] body = "\ufeff[1]".getBytes(Charset.forName(charset));
    assertThatThrownBy(() -> pages(Shape.LIST).add(200, new HttpFields(), body))
        .isInstanceOf(RefreshFailed.class);
  }
}
