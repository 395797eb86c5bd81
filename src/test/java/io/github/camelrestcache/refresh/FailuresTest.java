package io.github.camelrestcache.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.RedisConnectionFailureException;

class FailuresTest {

  @Test
  void sentenceEndsWithTheCause() {
    assertThat(Failures.sentence(new CompletionException(new ConnectException("refused"))))
        .isEqualTo("GitHub cannot be reached or closed the connection (refused)");
    assertThat(Failures.sentence(new RedisConnectionFailureException("Redis is full")))
        .isEqualTo("The store does not answer (Redis is full)");
    assertThat(Failures.sentence(new IllegalStateException("no route")))
        .isEqualTo("Unexpected error: no route");
  }

  @Test
  void sentenceNamesNoFile() {
    for (IOException failure :
        new IOException[] {
          new NoSuchFileException("/etc/trust.jks"),
          new FileNotFoundException("/etc/trust.jks (Is a directory)"),
        }) {
      assertThat(Failures.sentence(failure))
          .isEqualTo(
              "GitHub cannot be reached or closed the connection (%s)",
              failure.getClass().getSimpleName());
      assertThat(Failures.sentence(new IllegalStateException(new UncheckedIOException(failure))))
          .doesNotContain("/etc");
    }
  }
}
