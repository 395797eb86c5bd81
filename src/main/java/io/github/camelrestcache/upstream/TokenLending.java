package io.github.camelrestcache.upstream;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * For which requests of callers without credentials the service's token is lent: it lends rate
 * limit, not identity. So never to paths that speak of the token's owner, nor to a target that
 * could be another spelling of such a path.
 */
public final class TokenLending {

  /**
   * A dot segment, an empty segment, a backslash (RFC 3986 6.2.2.3, and what servers make of it).
   */
  private static final Pattern NOT_NORMAL = Pattern.compile("/\\.{0,2}(/|$)|\\\\");

  /**
   * RFC 3986 6.2.2.2: a percent-encoded letter, digit, {@code -}, {@code .}, {@code _} or {@code
   * ~}.
   */
  private static final Pattern ENCODED_UNRESERVED =
      Pattern.compile(
          "%(2[DE]|3\\d|4[1-9A-F]|5[\\dAF]|6[1-9A-F]|7[\\dAE])", Pattern.CASE_INSENSITIVE);

  private static final Pattern BAD_ENCODING = Pattern.compile("%(?![0-9A-Fa-f]{2})");

  /** Searches such as {@code assignee:@me}. */
  private static final Pattern OWNER = Pattern.compile("(?i)(@|%40)(m|%6d)(e|%65)(?![\\w-])");

  private final List<Pattern> ownerPaths;

  /**
   * @param ownerPaths the paths, separated by commas, that with all below them speak of the token's
   *     owner; {@code *} stands for any one segment
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
    // an encoded slash or backslash counts as one: servers may decode it before they look
    String decoded =
        URLDecoder.decode(path.replace("+", "%2B"), StandardCharsets.UTF_8)
            .toLowerCase(Locale.ROOT);
    if (!path.equals("/") && NOT_NORMAL.matcher(decoded).find()) {
      return false;
    }
    return ownerPaths.stream().noneMatch(owner -> owner.matcher(decoded).matches());
  }

  /** Whether a query (as sent) speaks of the token's owner. */
  static boolean namesOwner(String query) {
    return OWNER.matcher(query).find();
  }

  /**
   * {@code /user}, {@code /user/repos}, {@code /user.json} and {@code /user;a}, but not {@code
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
