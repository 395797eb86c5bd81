package io.github.camelrestcache.store;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A stamp is current until its path or credential changes. */
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
    changes.heard(Changes.WRITTEN + "/a");
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
}
