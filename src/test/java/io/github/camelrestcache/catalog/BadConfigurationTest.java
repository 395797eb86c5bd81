package io.github.camelrestcache.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BadConfigurationTest {

  @ParameterizedTest
  @CsvSource({
    "pth, did you mean 'path'?",
    "shaped, did you mean 'shape'?",
    "evry, did you mean 'every'?",
    "interval, 'known are path, shape, every'",
  })
  void theNearestKnownNameIsSuggestedOrAllAreNamed(String unknown, String suggestion) {
    assertThat(BadConfiguration.suggestion(unknown, List.of("path", "shape", "every")))
        .isEqualTo(suggestion);
  }

  @Test
  void aRefusalAndTheInnermostMessageAreFoundAmongTheCauses() {
    BadConfiguration bad = new BadConfiguration("a \n  b\r\nc ");
    Exception outer = new RuntimeException("x", new Exception(bad));
    assertThat(BadConfiguration.in(outer)).isSameAs(bad);
    assertThat(BadConfiguration.in(new RuntimeException("other"))).isNull();
    assertThat(BadConfiguration.rootMessage(outer)).isEqualTo("a b c");
    assertThat(BadConfiguration.rootMessage(new NullPointerException()))
        .isEqualTo("NullPointerException");
  }
}
