package io.github.camelrestcache.upstream;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
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

  /** A percent-encoded letter, digit or one of {@code -._~} (RFC 3986 6.2.2.2). */
  private static final Pattern ENCODED_UNRESERVED =
      Pattern.compile(
          "%(2[DE]|3\\d|4[1-9A-F]|5[\\dAF]|6[1-9A-F]|7[\\dAE])", Pattern.CASE_INSENSITIVE);

  private static final Pattern BAD_ENCODING = Pattern.compile("%(?![0-9A-Fa-f]{2})");

  /** Searches such as {@code assignee:@me}. */
  private static final Pattern OWNER = Pattern.compile("(?i)(@|%40)(m|%6d)(e|%65)(?![\\w-])");

  private final List<Pattern> ownerPaths;

  /**
   * @param ownerPaths paths about the token's owner, with all below them, separated by commas;
   *     {@code *} stands for any one segment
   */
  public TokenLending(String ownerPaths) {
    this.ownerPaths =
        Arrays.stream(ownerPaths.toLowerCase(Locale.ROOT).split(","))
            .map(path -> path.strip().replaceAll("/+$", ""))
            .map(TokenLending::atOrBelow)
            .toList();
  }

  /** Whether a request by this method to this path (as sent) may carry the service's token. */
  public boolean allows(String method, String path) {
    if (!method.equals("GET") && !method.equals("HEAD")) {
      return false;
    }
    if (ENCODED_UNRESERVED.matcher(path).find() || BAD_ENCODING.matcher(path).find()) {
      return false;
    }
    // decode slashes and backslashes too: servers may do so before they route
    String decoded =
        URLDecoder.decode(path.replace("+", "%2B"), StandardCharsets.UTF_8)
            .toLowerCase(Locale.ROOT);
    if (!path.equals("/") && NOT_NORMAL.matcher(decoded).find()) {
      return false;
    }
    return ownerPaths.stream().noneMatch(owner -> owner.matcher(decoded).matches());
  }

  /** Whether a query (as sent) names the token's owner. */
  static boolean namesOwner(String query) {
    return OWNER.matcher(query).find();
  }

  /**
   * Matches {@code /user}, {@code /user/repos}, {@code /user.json}, {@code /user;a}, not {@code
   * /users}.
   */
  private static Pattern atOrBelow(String owner) {
    String segments =
        Arrays.stream(owner.split("/", -1))
            .map(segment -> segment.equals("*") ? "[^/]+" : Pattern.quote(segment))
            .collect(Collectors.joining("/"));
    return Pattern.compile(segments + "(?![\\p{L}\\p{N}_-]).*");
  }
}
