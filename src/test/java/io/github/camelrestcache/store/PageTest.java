package io.github.camelrestcache.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class PageTest {

  private static Page page(String target, String validator, int start, int... ends) {
    return new Page(target, validator, "/b", start, 20, 30, ends, List.of("1", "2"));
  }

  @Test
  void pagesAreEqualByValue() {
    Page page = page("/a", "tag", 10, 5, 30);

    assertThat(page).isEqualTo(page("/a", "tag", 10, 5, 30));
    assertThat(page).hasSameHashCodeAs(page("/a", "tag", 10, 5, 30));
    assertThat(page.before("/b")).isEqualTo(page);
    assertThat(page.at(10)).isEqualTo(page);
  }

  @Test
  void pagesThatDifferInOneValueAreNotEqual() {
    Page page = page("/a", "tag", 10, 5, 30);

    assertThat(
            List.of(
                page("/x", "tag", 10, 5, 30),
                page("/a", null, 10, 5, 30),
                page("/a", "tag", 0, 5, 30),
                page("/a", "tag", 10, 6, 30),
                new Page("/a", "tag", "/b", 10, 21, 30, page.ends(), page.ids()),
                new Page("/a", "tag", "/b", 10, 20, 31, page.ends(), page.ids()),
                new Page("/a", "tag", "/b", 10, 20, 30, null, page.ids()),
                new Page("/a", "tag", "/b", 10, 20, 30, page.ends(), List.of()),
                page.before(null)))
        .doesNotContain(page);
  }
}
