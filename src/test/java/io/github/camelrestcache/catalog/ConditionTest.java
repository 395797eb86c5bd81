package io.github.camelrestcache.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConditionTest {

  @ParameterizedTest
  @CsvSource(
      nullValues = "none",
      value = {
        "language=Java,  Java,  true",
        "language=Java,  java,  false",
        "language=Java,  none,  false",
        "language!=Java, Java,  false",
        "language!=Java, Go,    true",
        "language!=Java, none,  true",
        "language=null,  none,  true",
        "language=null,  null,  false",
        "language!=null, none,  false",
        "language!=null, Java,  true",
        "fork=false,     false, true",
        "size=10,        10,    true",
        "size=10,        10.0,  false",
        "homepage=,      '',    true",
        "homepage=,      none,  false",
      })
  void valueIsComparedAsText(String condition, String value, boolean isMet) {
    assertThat(Condition.all(condition).get(0).isMetBy(value)).isEqualTo(isMet);
  }

  @Test
  void conditionsAreSeparatedByCommas() {
    assertThat(Condition.all(" fork = false , license.spdx_id!=MIT,a=b=c"))
        .isEqualTo(
            List.of(
                new Condition("fork", true, "false"),
                new Condition("license.spdx_id", false, "MIT"),
                new Condition("a", true, "b=c")));
    assertThat(Condition.all("")).isEmpty();
  }
}
