package io.github.camelrestcache.refresh;

import java.net.URI;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hc.core5.http.NameValuePair;
import org.apache.hc.core5.http.message.BasicHeaderValueParser;
import org.apache.hc.core5.http.message.ParserCursor;

/** Resolves GitHub's links to other pages: Link header fields (RFC 8288 3) and redirects. */
final class Links {

  private static final Pattern URL = Pattern.compile("<([^>]*)>");

  /** Also with encoded dots or slashes. */
  private static final Pattern DOT_SEGMENT =
      Pattern.compile("(?i)(/|%2f|%5c)(\\.|%2e){1,2}(/|%2f|%5c|$)");

  private Links() {}

  /** The target of the first link with the relation {@code next}, or null. */
  static String next(String field) {
    if (field == null) {
      return null;
    }
    Matcher url = URL.matcher(field);
    ParserCursor rest = new ParserCursor(0, field.length());
    while (url.find(rest.getPos())) {
      rest.updatePos(url.end());
      if (isNext(BasicHeaderValueParser.INSTANCE.parseParameters(field, rest))) {
        return url.group(1);
      }
    }
    return null;
  }

  /** Whether the first {@code rel} among these parameters contains {@code next}. */
  private static boolean isNext(NameValuePair... parameters) {
    return Stream.of(parameters)
        .filter(each -> each.getName().equalsIgnoreCase("rel"))
        .limit(1)
        .flatMap(rel -> Stream.of(Objects.toString(rel.getValue()).split("\\s+")))
        .anyMatch("next"::equalsIgnoreCase);
  }

  /**
   * The target of a URL from GitHub.
   *
   * @param upstream the base URL of targets
   * @param from the target whose answer contains the URL
   * @param action what GitHub does with the URL, such as {@code redirects /x to}, for error
   *     messages
   * @throws RefreshFailed if it is not below the upstream
   */
  static String target(URI upstream, String from, String action, String url) {
    URI base = URI.create(upstream.toString().replaceAll("/+$", ""));
    URI uri;
    try {
      // java.net.URI resolves a lone query against the parent path, as in RFC 2396
      String page = base + from.replaceFirst("\\?.*", "");
      uri =
          url.isEmpty() || url.startsWith("?")
              ? URI.create((url.isEmpty() ? base + from : page) + url)
              : URI.create(page).resolve(url);
    } catch (IllegalArgumentException e) {
      throw new RefreshFailed("GitHub %s '%s', which is not a URL".formatted(action, url));
    }
    String path = uri.getRawPath() == null ? "" : uri.getRawPath();
    if (!origin(uri).equals(origin(base))
        || !path.startsWith(base.getRawPath() + "/")
        || DOT_SEGMENT.matcher(path).find()) {
      throw new RefreshFailed(
          "GitHub %s %s, which is not below %s and is not followed".formatted(action, uri, base));
    }
    String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
    return path.substring(base.getRawPath().length()) + query;
  }

  /** Scheme, user, host and port. A URL of GitHub has no user. */
  private static String origin(URI uri) {
    int usual = "https".equalsIgnoreCase(uri.getScheme()) ? 443 : 80;
    int port = uri.getPort() < 0 ? usual : uri.getPort();
    return "%s://%s@%s:%d"
        .formatted(uri.getScheme(), uri.getRawUserInfo(), uri.getHost(), port)
        .toLowerCase(Locale.ROOT);
  }
}
