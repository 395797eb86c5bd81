package io.github.camelrestcache.base;

import java.util.Locale;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** GitHub's media types ("Media types" in GitHub's documentation of the REST API). */
public final class MediaTypes {

  /** The name of GitHub's JSON. */
  public static final String JSON = "application/vnd.github+json";

  /**
   * The names of GitHub's JSON, and the ranges that contain it. The names of previews change
   * nothing since the last previews ended ("REST API preview promotions", GitHub's changelog of
   * 2021-10-14). Any other name, such as {@code raw} or {@code star}, selects another content.
   */
  private static final Pattern OF_JSON =
      Pattern.compile(
          "\\*/\\*|application/"
              + "(\\*|json|vnd\\.github(\\.v3)?(\\.[a-z0-9-]+-preview)?([.+]json)?)");

  private MediaTypes() {}

  /**
   * Whether an {@code Accept} names nothing but GitHub's JSON (RFC 9110 12.5.1).
   *
   * @param accept the value of the field, or null, which accepts all
   */
  public static boolean isJson(String accept) {
    return accept == null
        || accept.isBlank()
        || accept.equals("*/*")
        || accept.equals(JSON)
        || isOnly(accept, type -> OF_JSON.matcher(type).matches());
  }

  /** Whether an {@code Accept}, which may be null, names nothing but a media type. */
  public static boolean names(String accept, String mediaType) {
    return isJson(mediaType)
        ? isJson(accept)
        : accept != null
            && !accept.isBlank()
            && (accept.equals(mediaType) || isOnly(accept, mediaType::equals));
  }

  private static boolean isOnly(String accept, Predicate<String> isNamed) {
    for (String member : accept.toLowerCase(Locale.ROOT).split(",")) {
      int end = member.indexOf(';');
      String type = (end < 0 ? member : member.substring(0, end)).strip();
      boolean isWanted = end < 0 || Weights.weight(member) > 0;
      if (!member.isBlank() && !(isWanted && isNamed.test(type))) {
        return false;
      }
    }
    return true;
  }
}
