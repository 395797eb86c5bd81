package io.github.camelrestcache.upstream;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.base.Settings;
import java.net.URI;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The URLs of GitHub's that answers are full of, turned into ones that lead back here, so that
 * clients who follow them stay in the cache. {@code REWRITE_URLS} says which: those in {@code Link}
 * and {@code Location} ({@code links}), with {@code all} those in JSON too, or {@code none}.
 */
public final class UpstreamUrls {

  private final String mode;
  private final String publicUrl;
  private final Pattern inFields;
  private final Pattern inJson;
  private final String basePath;
  private final String mark;

  public UpstreamUrls(Settings settings) {
    URI upstream = settings.github().url();
    mode = settings.rewriteUrls();
    publicUrl = settings.publicUrl();
    basePath = upstream.getRawPath().replaceAll("/+$", "");
    String url = origin(upstream) + Pattern.quote(basePath);
    inFields = Pattern.compile(url + "(?=[/?#>]|$)");
    // a string that begins with it, not a text that mentions it
    inJson = Pattern.compile("(?<!\\\\)\"" + url + "(?=[/?#{\"])");
    mark = "-" + Hash.of(publicUrl).substring(0, 8);
  }

  /** Scheme, host and port, in any case, a default port or not. */
  private static String origin(URI upstream) {
    boolean secure = upstream.getScheme().equalsIgnoreCase("https");
    int usual = secure ? 443 : 80;
    int port = upstream.getPort() < 0 ? usual : upstream.getPort();
    return "(?i:%s://%s)%s"
        .formatted(
            upstream.getScheme(),
            Pattern.quote(upstream.getHost()),
            port == usual ? "(?::%d)?".formatted(port) : ":" + port);
  }

  /**
   * The value of a {@code Link} or {@code Location}.
   *
   * @param here the address that the client used, without a slash at the end
   */
  public String field(String value, String here) {
    if (mode.equals("none")) {
      return value;
    }
    String path = value.startsWith("/") && !basePath.isEmpty() ? value : "";
    if (path.startsWith(basePath + "/")) {
      return path.substring(basePath.length());
    }
    return inFields.matcher(value).replaceAll(Matcher.quoteReplacement(here));
  }

  /** Whether JSON is rewritten. */
  public boolean areAll() {
    return mode.equals("all");
  }

  /** Names what becomes of JSON: answers in which it became something else are others. */
  public String form() {
    return areAll() ? mark : "";
  }

  /** The JSON with URLs of this service, {@code PUBLIC_URL}. */
  public byte[] json(byte[] json) {
    String url = Matcher.quoteReplacement("\"" + publicUrl);
    // each byte is a character: what is looked for is ASCII, and the rest stays as it is
    return inJson.matcher(new String(json, ISO_8859_1)).replaceAll(url).getBytes(ISO_8859_1);
  }

  /** The entity tag of rewritten JSON, which is not GitHub's (RFC 9110 8.8.3). */
  public String mark(String entityTag) {
    return entityTag.replaceFirst("\"$", mark + "\"");
  }

  /** Entity tags as GitHub knows them. */
  public String unmark(String entityTags) {
    return entityTags.replace(mark + "\"", "\"");
  }
}
