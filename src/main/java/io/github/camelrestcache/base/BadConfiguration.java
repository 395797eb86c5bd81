package io.github.camelrestcache.base;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.commons.text.similarity.LevenshteinDistance;

/** Rejects a setting or a route file. The message is one sentence that names the mistake. */
public final class BadConfiguration extends IllegalArgumentException {

  private static final long serialVersionUID = 1;

  public BadConfiguration(String sentence) {
    super(sentence);
  }

  /**
   * The refusal of a file that cannot be read.
   *
   * @param file what to call it: the variable that names it
   */
  public static BadConfiguration unreadable(String file, IOException failure) {
    String reason = file + " cannot be read (" + failure.getClass().getSimpleName() + ")";
    return new BadConfiguration(
        failure instanceof AccessDeniedException
            ? reason
                + ": the service runs as user %s, so let that user own it (chown) or others read it"
                    .formatted(user())
                + " (chmod o+r)"
            : reason);
  }

  /** The number of the user, which chown needs outside a container, or else the name. */
  private static Object user() {
    try {
      return Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    } catch (IOException | UnsupportedOperationException e) {
      return System.getProperty("user.name");
    }
  }

  /** Whether a setting or a route file caused the failure. */
  public static boolean isOf(Throwable failure) {
    return causes(failure)
        .anyMatch(
            cause ->
                cause instanceof BadConfiguration
                    || cause
                        .getClass()
                        .getName()
                        .matches("org\\.(snakeyaml|apache.camel.dsl.yaml)\\..*"));
  }

  /** The message of the first {@code BadConfiguration}, or of the innermost cause, on one line. */
  public static String sentence(Throwable failure) {
    List<Throwable> causes = causes(failure).toList();
    Throwable telling =
        causes.stream()
            .filter(BadConfiguration.class::isInstance)
            .findFirst()
            .orElse(causes.get(causes.size() - 1));
    String message = telling.getMessage();
    return message == null
        ? telling.getClass().getSimpleName()
        : message.strip().replaceAll("\\s*\\R\\s*", " ");
  }

  private static Stream<Throwable> causes(Throwable failure) {
    return Stream.iterate(failure, Objects::nonNull, Throwable::getCause);
  }

  /** {@code "did you mean 'x'?"} with the closest known name, or the list of known names. */
  public static String suggestion(String unknown, Collection<String> known) {
    if (known.isEmpty()) {
      return "there are none";
    }
    String nearest = nearest(unknown, known);
    return distance(unknown, nearest) <= Math.max(2, nearest.length() / 2)
        ? "did you mean '" + nearest + "'?"
        : "expected one of " + String.join(", ", known);
  }

  /** The known name that is closest to an unknown one. */
  public static String nearest(String unknown, Collection<String> known) {
    return Collections.min(known, Comparator.comparing(name -> distance(unknown, name)));
  }

  private static int distance(String a, String b) {
    return LevenshteinDistance.getDefaultInstance().apply(a, b);
  }
}
