package io.github.camelrestcache.refresh;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.catalog.CachedEndpoint.Shape;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Page;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Changed pages are merged with the stored ones that have not changed. */
class MergedPagesTest extends PagesOfList {
  @Test
  void unchangedPagesKeepTheStoredEntry() {
    Entry stored = threePages();
    Pages pages = again(stored);
    List<String> asked = new ArrayList<>();
    while (pages.next() != null) {
      asked.add(pages.next() + " " + pages.validator());
      notModified(pages);
    }
    assertThat(asked).containsExactly(FIRST + " 1", SECOND + " 2", THIRD + " 3");
    assertThat(pages.cost(true)).isZero();
    assertThat(pages.cost(false)).isEqualTo(3);
    Instant later = NOW.plusSeconds(60);
    Entry validated = pages.whole(later, 8);
    assertThat(validated).isEqualTo(stored.validated(later, 8));
    assertThat(validated.gzip()).isSameAs(stored.gzip());
  }

  @Test
  void newContentWithSameLengthAndValidatorIsStored() {
    Pages first = object();
    answer(first, "W/1", null, "{\"a\":1}");
    Pages pages = pages(Shape.OBJECT, GITHUB, first.whole(NOW, 7), "form");
    answer(pages, "W/1", null, "{\"a\":2}");
    assertThat(whole(pages)).isEqualTo("{\"a\":2}");
  }

  @Test
  void changedPageIsMergedWithUnchangedPages() {
    Entry stored = threePages();
    Pages pages = again(stored);
    notModified(pages);
    answer(pages, "2b", THIRD, "[{\"id\":3,\"a\":true}]");
    notModified(pages);
    notModified(pages); // the first page, checked again
    assertThat(pages.next()).isNull();
    assertThat(pages.cost(true)).isEqualTo(1);
    Entry whole = pages.whole(NOW, 8);
    assertThat(whole.body())
        .asString(UTF_8)
        .isEqualTo("[{\"id\":1},{\"id\":2},{\"id\":3,\"a\":true},{\"id\":4}]");
    assertThat(whole.pages()).extracting(Page::validator).containsExactly("1", "2b", "3");
    assertThat(whole.version()).isNotEqualTo(stored.version());
  }

  @Test
  void validatorsOfAnotherFormAreNotSent() {
    assertThat(pages(Shape.LIST, GITHUB, threePages(), "other").validator()).isNull();
  }

  @Test
  void unsolicited304IsAFailure() {
    assertThat(failure(list(), 304, fields(), "")).hasMessageContaining("with 304");
  }

  @Test
  void addedPageIsFollowed() {
    Pages pages = again(threePages());
    notModified(pages);
    notModified(pages);
    pages.add(304, next(GITHUB + "/orgs/x/repos?page=4"), new byte[0], NOT_NOTED);
    assertThat(pages.next()).isEqualTo("/orgs/x/repos?page=4");
    assertThat(pages.validator()).isNull();
  }

  @Test
  void fullLastPageWith304IsRefetchedUnconditionally() {
    Pages first = list();
    answer(first, "1", null, "[" + "0,".repeat(99) + "0]");
    Pages pages = again(first.whole(NOW, 7));
    assertThat(pages.validator()).isEqualTo("1");
    notModified(pages);
    assertThat(pages.next()).isEqualTo(FIRST);
    assertThat(pages.validator()).isNull();
    answer(pages, "1", SECOND, "[" + "0,".repeat(99) + "0]");
    assertThat(pages.next()).isEqualTo(SECOND);
  }

  @Test
  void removedPagesAreDropped() {
    Pages pages = again(threePages());
    notModified(pages);
    notModified(pages);
    answer(pages, "empty", null, "[]");
    assertThat(pages.next() + pages.validator()).isEqualTo(SECOND + "null");
    answer(pages, "2", null, "[{\"id\":3}]");
    notModified(pages); // the first page, checked again
    assertThat(pages.next()).isNull();
    assertThat(whole(pages)).isEqualTo("[{\"id\":1},{\"id\":2},{\"id\":3}]");
  }

  @Test
  void duplicateItemRefetchesAllPages() {
    Pages pages = list();
    answer(pages, "1", SECOND, "[{\"id\":1},{\"id\":2}]");
    answer(pages, "2", null, "[{\"id\":2},{\"id\":3}]");
    assertThat(pages.next() + pages.validator()).isEqualTo(FIRST + "1");
    answer(pages, "1b", SECOND, "[{\"id\":0},{\"id\":1}]");
    assertThat(pages.next() + pages.validator()).isEqualTo(SECOND + "2");
    notModified(pages);
    notModified(pages); // the first page, checked again
    assertThat(pages.next()).isNull();
    assertThat(whole(pages)).isEqualTo("[{\"id\":0},{\"id\":1},{\"id\":2},{\"id\":3}]");
  }

  @Test
  void changedFirstPageStartsAnotherRound() {
    Pages pages = list();
    answer(pages, "1", SECOND, "[{\"id\":1},{\"id\":2}]");
    answer(pages, "2", null, "[{\"id\":4}]");
    assertThat(pages.next() + pages.validator()).isEqualTo(FIRST + "1");
    answer(pages, "1b", SECOND, "[{\"id\":2},{\"id\":3}]");
    assertThat(pages.next() + pages.validator()).isEqualTo(SECOND + "2");
    notModified(pages);
    notModified(pages);
    assertThat(whole(pages)).isEqualTo("[{\"id\":2},{\"id\":3},{\"id\":4}]");
  }

  @Test
  void thirdRoundIsAcceptedWithoutDuplicates() {
    Pages pages = list();
    for (int round = 1; round <= 3; round++) {
      answer(pages, "1-" + round, SECOND, "[{\"id\":%d}]".formatted(round));
      answer(pages, "2-" + round, null, "[{\"id\":9}]");
    }
    assertThat(pages.next()).isNull();
    assertThat(whole(pages)).isEqualTo("[{\"id\":3},{\"id\":9}]");
  }

  @Test
  void stableDuplicateIsAccepted() {
    Pages pages = list();
    answer(pages, "1", SECOND, "[{\"id\":1}]");
    answer(pages, "2", null, "[{\"id\":1}]");
    notModified(pages);
    notModified(pages);
    assertThat(pages.next()).isNull();
    assertThat(whole(pages)).isEqualTo("[{\"id\":1},{\"id\":1}]");
  }

  @Test
  void changingListWithDuplicateIsRejected() {
    Pages pages = list();
    for (int round = 1; round <= 2; round++) {
      answer(pages, "1", SECOND, "[{\"id\":1}]");
      answer(pages, "2", null, "[{\"id\":1}]");
    }
    answer(pages, "1", SECOND, "[{\"id\":1}]");
    RefreshFailed failure = failure(pages, 200, fields(), "[{\"id\":1}]");
    assertThat(failure).hasMessageContaining("changes faster");
  }
}
