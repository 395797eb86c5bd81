package io.github.camelrestcache.upstream;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLDecoder;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Decides which requests without credentials use the service's token. It lends rate limit, not
 * identity: never for paths about the token's owner, nor for targets that could be another spelling
 * of such a path.
 */
public final class TokenLending {

  /** A dot segment, an empty segment or a backslash (RFC 3986 6.2.2.3). */
  private static final Pattern NOT_NORMAL = Pattern.compile("/\\.{0,2}(/|$)|\\\\");

  /** A percent sign without two digits, or an encoded letter, digit, {@code -._~} (6.2.2.2). */
  private static final Pattern BAD_ENCODING =
      Pattern.compile("(?i)%((?![\\dA-F]{2})|2[DE]|3\\d|4[1-9A-F]|5[\\dAF]|6[1-9A-F]|7[\\dAE])");

  /** Searches such as {@code assignee:@me}. */
  private static final Pattern OWNER = Pattern.compile("(?i)(@|%40)(m|%6d)(e|%65)(?![\\w-])");

  /** Matches {@code /user}, {@code /user/repos} and {@code /user.json}, but not {@code /users}. */
  private final Pattern ownerPaths;

  /**
   * @param ownerPaths paths about the token's owner, with all below them, separated by commas;
   *     {@code *} stands for any one segment
   */
  public TokenLending(String ownerPaths) {
    String paths =
        Arrays.stream(ownerPaths.toLowerCase(Locale.ROOT).split(","))
            .map(path -> Pattern.quote(path.strip().replaceAll("/+$", "")))
            .map(path -> path.replace("*", "\\E[^/]+\\Q"))
            .collect(Collectors.joining("|"));
    this.ownerPaths = Pattern.compile("(/api/v3)*(" + paths + ")(?![\\p{L}\\p{N}_-])");
  }

  /** Whether a request by this method to this path (as sent) may carry the service's token. */
  public boolean allows(String method, String path) {
    boolean isRead = method.equals("GET") || method.equals("HEAD");
    if (!isRead || BAD_ENCODING.matcher(path).find()) {
      return false;
    }
    // decode slashes and backslashes too: servers may do so before they route
    String decoded = URLDecoder.decode(path.replace("+", "%2B"), UTF_8).toLowerCase(Locale.ROOT);
    boolean isNormal = path.equals("/") || !NOT_NORMAL.matcher(decoded).find();
    return isNormal && !ownerPaths.matcher(decoded).lookingAt();
  }

  /** Whether a query (as sent) names the token's owner. */
  static boolean namesOwner(String query) {
    return OWNER.matcher(query).find();
  }
}
