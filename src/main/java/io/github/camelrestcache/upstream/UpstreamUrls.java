package io.github.camelrestcache.upstream;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.base.Settings;
import java.net.URI;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Rewrites GitHub's URLs in answers to URLs of this service, so that clients that follow them use
 * the cache. {@code REWRITE_URLS} selects which: those in {@code Link} and {@code Location} ({@code
 * links}), those in JSON too ({@code all}), or {@code none}.
 */
public final class UpstreamUrls {

  private final String mode;
  private final String publicUrl;
  private final Pattern inFields;
  private final Pattern inJson;
  private final Pattern paths;
  private final String mark;

  public UpstreamUrls(Settings settings) {
    URI upstream = settings.github().url();
    mode = settings.rewriteUrls();
    publicUrl = settings.publicUrl();
    String basePath = Pattern.quote(upstream.getRawPath().replaceAll("/+$", ""));
    paths = Pattern.compile("(?<=^|<)" + basePath + "(?=/(?!/))"); // RFC 3986 4.2
    String url = origin(upstream) + basePath;
    inFields = Pattern.compile(url + "(?=[/?#>]|$)");
    // only strings that begin with it, not text that mentions it
    inJson = Pattern.compile("(?<!\\\\)\"" + url + "(?=[/?#{\"])");
    mark = "-" + Hash.of(publicUrl).substring(0, 8);
  }

  /** Scheme and host in any case; a default port is optional. */
  private static String origin(URI upstream) {
    int usual = upstream.getScheme().equals("https") ? 443 : 80;
    int port = upstream.getPort() < 0 ? usual : upstream.getPort();
    return "(?i:%s://%s)%s"
        .formatted(
            upstream.getScheme(),
            Pattern.quote(upstream.getHost()),
            port == usual ? "(?::%d)?".formatted(port) : ":" + port);
  }

  /**
   * Rewrites the value of a {@code Link} or {@code Location}.
   *
   * @param here the address that the client used, without a trailing slash
   */
  public String field(String value, String here) {
    if (mode.equals("none")) {
      return value;
    }
    String rebased = value;
    if (value.startsWith("/") || value.contains("</")) {
      String path = here.replaceFirst("^https?://[^/]*", "");
      rebased = paths.matcher(value).replaceAll(Matcher.quoteReplacement(path));
    }
    return inFields.matcher(rebased).replaceAll(Matcher.quoteReplacement(here));
  }

  /** Whether JSON is rewritten. */
  public boolean areAll() {
    return mode.equals("all");
  }

  /** Identifies how JSON is rewritten; empty if it is not. */
  public String form() {
    return areAll() ? mark : "";
  }

  /** Rewrites JSON to URLs below {@code PUBLIC_URL}. */
  public byte[] json(byte[] json) {
    String url = Matcher.quoteReplacement("\"" + publicUrl);
    // ISO 8859-1 maps each byte to one character: only the URLs, which are ASCII, change
    return inJson.matcher(new String(json, ISO_8859_1)).replaceAll(url).getBytes(ISO_8859_1);
  }

  /** Marks the entity tag of rewritten JSON, which differs from GitHub's (RFC 9110 8.8.3). */
  public String mark(String entityTag) {
    return entityTag.replaceFirst("\"$", mark + "\"");
  }

  /** Removes the mark, which GitHub does not know. */
  public String unmark(String entityTags) {
    return entityTags.replace(mark + "\"", "\"");
  }
}
