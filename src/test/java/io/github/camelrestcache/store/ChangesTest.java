package io.github.camelrestcache.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A stamp is current until one of its names changes, or a change may have been lost. */
class ChangesTest {

  private final Changes changes = new Changes();

  @Test
  void changeOfPathOrCredentialInvalidates() {
    for (String changed : new String[] {"/a", "somebody"}) {
      Changes.Stamp stamp = changes.stamp("/a", "somebody");
      assertThat(stamp.isCurrent()).isTrue();
      changes.note(changed);
      assertThat(stamp.isCurrent()).as(changed).isFalse();
    }
  }

  @Test
  void messageInvalidatesItsName() {
    Changes.Stamp written = changes.stamp("/a/b", "/a", "somebody");
    Changes.Stamp beside = changes.stamp("/a/c", "/c", "somebody");
    changes.heard(Changes.WRITTEN + "1 /a");
    assertThat(written.isCurrent()).isFalse();
    assertThat(beside.isCurrent()).isTrue();
  }

  @Test
  void purgeInvalidates() {
    Changes.Stamp stamp = changes.stamp("/a", "somebody");
    changes.noteAll();
    assertThat(stamp.isCurrent()).isFalse();
    assertThat(changes.stamp("/a", "somebody").isCurrent()).isTrue();
  }

  @Test
  void lostMessageInvalidatesEverything() {
    changes.compare(7, System.nanoTime());
    Changes.Stamp stamp = changes.stamp("/a");
    changes.heard(Changes.WRITTEN + "9 /b");
    changes.heard(Changes.WRITTEN + "8 /c");
    changes.compare(9, System.nanoTime());
    assertThat(stamp.isCurrent()).as("heard in another order").isTrue();
    changes.heard(Changes.WRITTEN + "11 /d");
    changes.compare(11, System.nanoTime());
    assertThat(stamp.isCurrent()).as("10 was lost").isFalse();
    Changes.Stamp later = changes.stamp("/a");
    changes.heard(Changes.WRITTEN + "12 /e");
    changes.compare(12, System.nanoTime());
    assertThat(later.isCurrent()).isTrue();
    changes.compare(0, System.nanoTime());
    assertThat(later.isCurrent()).as("Redis has lost its number").isFalse();
  }

  @Test
  void memoryIsTrustedForASecondAfterComparison() {
    assertThat(changes.isWatched()).isFalse();
    changes.compare(0, System.nanoTime());
    assertThat(changes.isWatched()).isTrue();
    changes.compare(0, System.nanoTime() - 1_000_000_000);
    assertThat(changes.isWatched()).isFalse();
  }
}
