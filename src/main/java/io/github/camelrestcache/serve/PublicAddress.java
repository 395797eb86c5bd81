package io.github.camelrestcache.serve;

import io.github.camelrestcache.base.ClientAddress;
import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.HttpFields;
import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The base URL of this service for clients, as it appears in answers.
 *
 * @param scheme the scheme of the client port
 * @param publicUrl the value of {@code PUBLIC_URL}, without a trailing slash, or empty
 * @param proxies the proxies whose reports count
 */
public record PublicAddress(String scheme, String publicUrl, ClientAddress proxies) {

  private static final Pattern HOST =
      Pattern.compile("([\\w.-]{1,255}|\\[[\\w.:]{1,99}])(:\\d{0,5})?");
  private static final Set<String> SCHEMES = Set.of("http", "https");
  private static final Pattern PORT = Pattern.compile("[1-9]\\d{0,4}");

  /** Nothing that could end a URL in a {@code Link}, and no dot segments. */
  private static final Pattern PATH =
      Pattern.compile("(?=.{2,200}$)((/(?!\\.\\.?(/|$))[\\w.~-]+)+)/?");

  /**
   * The prefix of URLs of this service: {@code PUBLIC_URL}, or else scheme, host and path prefix
   * that trusted proxies report, or else the scheme and the Host of the request; then the prefix
   * that the client used. Without a valid Host it is a path, which is a reference too (RFC 3986
   * 4.2).
   */
  public String of(ClientRequest request) {
    String base = publicUrl.isEmpty() ? here(request) : publicUrl;
    return base.endsWith(request.prefix()) ? base : base + request.prefix();
  }

  private String here(ClientRequest request) {
    HttpFields fields = request.fields();
    UnaryOperator<String> reported = proxies.reported(request.peer(), fields::get);
    Matcher path = PATH.matcher(reported.apply("prefix"));
    String prefix = path.matches() ? path.group(1) : "";
    String asked = fields.get("Host");
    Matcher host = HOST.matcher(reported.apply("host"));
    if (!host.matches() && (asked == null || !host.reset(asked).matches())) {
      return prefix;
    }
    String proto = reported.apply("proto").toLowerCase(Locale.ROOT);
    String used = SCHEMES.contains(proto) ? proto : scheme;
    String port = reported.apply("port");
    if (!PORT.matcher(port).matches() || Integer.parseInt(port) > 65_535) {
      return used + "://" + host.group() + prefix;
    }
    boolean isUsual = port.equals(used.equals("https") ? "443" : "80");
    return used + "://" + host.group(1) + (isUsual ? "" : ":" + port) + prefix;
  }
}
