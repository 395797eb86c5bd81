package io.github.camelrestcache.catalog;

import java.util.Collection;
import java.util.Comparator;
import org.apache.commons.text.similarity.LevenshteinDistance;

/**
 * A setting or a route file that the service refuses, in one sentence for the person who wrote it.
 */
public final class BadConfiguration extends IllegalArgumentException {

  private static final long serialVersionUID = 1;

  public BadConfiguration(String sentence) {
    super(sentence);
  }

  /** The refusal somewhere in a chain of causes, or null. */
  public static BadConfiguration in(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof BadConfiguration bad) {
        return bad;
      }
    }
    return null;
  }

  /** What the innermost cause says, on one line. */
  public static String rootMessage(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String message =
        root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    return message.strip().replaceAll("\\s*\\R\\s*", " ");
  }

  /** {@code "did you mean 'x'?"} with the nearest of the known names, or the list of them. */
  public static String suggestion(String unknown, Collection<String> known) {
    LevenshteinDistance distance = LevenshteinDistance.getDefaultInstance();
    return known.stream()
        .min(Comparator.comparing(name -> distance.apply(unknown, name)))
        .filter(name -> distance.apply(unknown, name) <= Math.max(2, name.length() / 2))
        .map(name -> "did you mean '" + name + "'?")
        .orElse(known.isEmpty() ? "there are none" : "known are " + String.join(", ", known));
  }
}
