package io.github.camelrestcache.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BadConfigurationTest {

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "pth, did you mean 'path'?",
    "shaped, did you mean 'shape'?",
    "evry, did you mean 'every'?",
    "interval, 'expected one of path, shape, every'",
  })
  void nearestKnownNameIsSuggestedOrAllAreListed(String unknown, String suggestion) {
    assertThat(BadConfiguration.suggestion(unknown, List.of("path", "shape", "every")))
        .isEqualTo(suggestion);
    assertThat(BadConfiguration.suggestion(unknown, List.of())).isEqualTo("there are none");
  }

  @Test
  void fileOfAnotherUserIsRefusedWithTheRemedy() throws IOException {
    assertThat(BadConfiguration.unreadable("it", new AccessDeniedException("/a/path")).getMessage())
        .startsWith("it cannot be read (AccessDeniedException): the service runs as user ")
        .contains("user " + Files.getAttribute(Files.createTempFile(folder, "a", "b"), "unix:uid"))
        .contains("chown", "chmod")
        .doesNotContain("/a/path");
    assertThat(BadConfiguration.unreadable("it", new NoSuchFileException("/a/path")).getMessage())
        .isEqualTo("it cannot be read (NoSuchFileException)");
  }

  @Test
  void sentenceIsThatOfBadConfigurationOrInnermostCause() {
    Exception refusal = new BadConfiguration("PORT is 'x'");
    Exception wrapped = new RuntimeException("outer", new IllegalStateException("mid", refusal));
    assertThat(BadConfiguration.isOf(wrapped)).isTrue();
    assertThat(BadConfiguration.sentence(wrapped)).isEqualTo("PORT is 'x'");
    Exception other = new RuntimeException("outer", new IllegalStateException(" a \n  b "));
    assertThat(BadConfiguration.isOf(other)).isFalse();
    assertThat(BadConfiguration.sentence(other)).isEqualTo("a b");
    assertThat(BadConfiguration.sentence(new NullPointerException()))
        .isEqualTo("NullPointerException");
  }
}
