package io.github.camelrestcache.base;

import java.util.Locale;
import java.util.regex.Pattern;

/** GitHub's media types ("Media types" in GitHub's documentation of the REST API). */
public final class MediaTypes {

  /** The name of GitHub's JSON. */
  public static final String JSON = "application/vnd.github+json";

  /** The names of GitHub's JSON, and the ranges that contain it; the previews have ended. */
  private static final Pattern OF_JSON =
      Pattern.compile(
          "\\*/\\*|application/\\*|application/(vnd\\.github(\\.v3|\\.[a-z-]+-preview)?\\+)?json");

  private MediaTypes() {}

  /** Whether a media type or range, without parameters, is or contains GitHub's JSON. */
  public static boolean isName(String type) {
    return OF_JSON.matcher(type).matches();
  }

  /**
   * Whether an {@code Accept} names nothing but GitHub's JSON, without weights.
   *
   * @param accept the value of the field, or null, which accepts all
   */
  public static boolean isJson(String accept) {
    if (accept == null || accept.isBlank() || accept.equals("*/*") || accept.equals(JSON)) {
      return true;
    }
    for (String each : accept.toLowerCase(Locale.ROOT).split(",")) {
      if (!isName(each.strip())) {
        return false;
      }
    }
    return true;
  }
}
