package io.github.camelrestcache.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class HttpFieldsTest {

  @Test
  void hopByHopAndCamelHeadersAreDropped() {
    String names =
        """
        Connection Keep-Alive Proxy-Authenticate Proxy-Authorization Proxy-Connection TE Trailer
        Transfer-Encoding UPGRADE host content-length Expect CamelHttpUri camelhttppath
        CAMELHttpMethod CamelRedis.Key org.apache.camel.X ORG.Apache.Camel.x
        """;
    assertThat(names.strip().split("\\s+")).noneMatch(HttpFieldsTest::isKept);
  }

  @Test
  void otherHeadersAreKept() {
    String names =
        """
        Authorization Cookie Via Warning Date Cache-Control Content-Type Content-Encoding X-Camel
        Came org.apache X-Request-Id
        """;
    assertThat(names.strip().split("\\s+")).allMatch(HttpFieldsTest::isKept);
  }

  private static boolean isKept(String name) {
    HttpFields fields = new HttpFields().add("Accept", "x").add(name, "y");
    HttpFields kept = fields.endToEnd();
    assertThat(fields.all()).hasSize(2);
    assertThat(kept.get("Accept")).isEqualTo("x");
    return kept.contains(name);
  }

  @Test
  void headersNamedByConnectionAreDropped() {
    HttpFields fields =
        new HttpFields()
            .add("connection", "close ,X-One")
            .add("X-ONE", "1")
            .add("Connection", "x-two")
            .add("x-two", "2")
            .add("X-Three", "3");
    assertThat(fields.endToEnd().all()).containsExactly(Map.entry("X-Three", "3"));
  }

  @Test
  void headersKeepOrderAndIgnoreCase() {
    HttpFields fields =
        new HttpFields().add("Set-Cookie", "a=1").add("Vary", "x").add("set-cookie", "b=2, c");
    assertThat(fields.endToEnd().all())
        .extracting(field -> field.getKey() + ": " + field.getValue())
        .containsExactly("Set-Cookie: a=1", "Vary: x", "set-cookie: b=2, c");
    assertThat(fields.get("SET-COOKIE")).isEqualTo("a=1, b=2, c");
    assertThat(fields.set("SET-Cookie", "d").get("set-cookie")).isEqualTo("d");
    assertThat(fields.remove("VARY").contains("Vary")).isFalse();
    assertThat(fields.get("Vary")).isNull();
  }
}
