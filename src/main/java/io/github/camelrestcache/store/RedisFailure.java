package io.github.camelrestcache.store;

import io.github.camelrestcache.base.BadConfiguration;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import java.io.IOException;
import java.net.ConnectException;
import java.util.concurrent.CancellationException;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.springframework.core.NestedExceptionUtils;

/** Classifies failures of Redis commands. */
final class RedisFailure {

  // older versions prefix the code of an error in a script
  private static final Predicate<String> UNUSABLE =
      Pattern.compile("(^|-)(LOADING|MASTERDOWN|CLUSTERDOWN|NOAUTH|WRONGPASS|BUSY) ").asPredicate();

  /** Whether an error reply refuses a write. */
  static final Predicate<String> NO_WRITES =
      Pattern.compile("(^|-)(OOM|READONLY|MISCONF|NOREPLICAS) ").asPredicate();

  /** Whether an error reply tells that the server is not a master. */
  static final Predicate<String> NO_MASTER = Pattern.compile("(^|-)READONLY ").asPredicate();

  private RedisFailure() {}

  /** Whether Redis cannot be used. Most error replies do not mean that. */
  static boolean isOutage(Throwable failure) {
    Throwable cause = NestedExceptionUtils.getMostSpecificCause(failure);
    return cause instanceof RedisCommandExecutionException
        ? UNUSABLE.test(reason(failure))
        : !(cause instanceof InterruptedException);
  }

  /** Whether an error reply concerns more than one command. */
  static boolean isTrouble(RedisCommandExecutionException answer) {
    return UNUSABLE.or(NO_WRITES).test(answer.getMessage());
  }

  /** Whether only the connection was lost; a new one may work. */
  static boolean isLost(Throwable failure) {
    Throwable cause = NestedExceptionUtils.getMostSpecificCause(failure);
    return cause.getClass() == RedisException.class
        || cause instanceof CancellationException
        || cause instanceof IOException && !(cause instanceof ConnectException)
        || String.valueOf(cause.getMessage()).equals("Connection closed prematurely");
  }

  /** The message of the innermost cause. */
  static String reason(Throwable failure) {
    // Netty names the system call first
    return BadConfiguration.sentence(NestedExceptionUtils.getMostSpecificCause(failure))
        .replaceFirst("^.* failed with error\\(-?\\d+\\): ", "");
  }
}
