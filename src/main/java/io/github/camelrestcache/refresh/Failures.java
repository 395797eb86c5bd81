package io.github.camelrestcache.refresh;

import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.base.Problem;
import java.io.FileNotFoundException;
import java.nio.file.FileSystemException;
import java.time.Instant;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.dao.DataAccessException;

/** Why a refresh or the store failed, for people and for metrics. */
public final class Failures {

  private Failures() {}

  /** A sentence, which clients read too: it names no file. */
  public static String sentence(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    if (cause instanceof RefreshFailed) {
      return cause.getMessage();
    }
    if (cause instanceof TimeoutException) {
      return "It is still being fetched";
    }
    Problem problem = Problem.of(cause);
    return problem == null
        ? "Unexpected error: " + reason(cause)
        : problem.getMessage().replaceFirst(":.*", "") + " (" + reason(cause) + ")";
  }

  private static String reason(Throwable failure) {
    Throwable innermost = NestedExceptionUtils.getMostSpecificCause(failure);
    return innermost instanceof FileSystemException || innermost instanceof FileNotFoundException
        ? innermost.getClass().getSimpleName()
        : BadConfiguration.sentence(failure);
  }

  /** A sentence without the message of the library in brackets, which varies. */
  static String gist(String sentence) {
    return sentence.replaceFirst(" \\(.*", "");
  }

  /** The value of a metric tag: store, lost (the lease), answer, limit or unreachable. */
  static String word(Throwable failure) {
    if (failure instanceof DataAccessException) {
      return "store";
    } else if (failure == RefreshFailed.LEASE_LOST) {
      return "lost";
    } else if (failure instanceof RefreshFailed failed) {
      return failed.wait(Instant.now()) == null ? "answer" : "limit";
    }
    return "unreachable";
  }
}
