package io.github.camelrestcache.base;

import io.github.camelrestcache.base.RedisAddress.Host;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.camel.CamelContext;
import org.apache.camel.util.TimeUtils;

/**
 * All settings, read and validated once at startup. {@code application.properties} documents each
 * key. The environment variable of a key is its name in upper case with underscores ({@code
 * github.org} is {@code GITHUB_ORG}); it overrides the file. A text that is not set is empty.
 *
 * @param tls the files for TLS on the client port, or null for plain HTTP
 * @param publicUrl the base of links, without a trailing slash
 * @param redis the address of Redis, or null for an embedded server
 * @param nearCacheSize the size in bytes
 * @param nearCacheMaxAge the interval at which the near cache is compared with Redis
 * @param storedForCredentials whether stored endpoints are served to callers with credentials
 * @param requestThreads the maximum number of requests in the routes
 */
public record Settings(
    Host clients,
    Host management,
    Tls tls,
    String publicUrl,
    String adminToken,
    RedisAddress redis,
    String rewriteUrls,
    long nearCacheSize,
    Duration nearCacheMaxAge,
    boolean fastLane,
    boolean storedForCredentials,
    int requestThreads,
    boolean accessLog,
    Duration drainDelay,
    GitHub github,
    Refreshing refreshing,
    Forwarding forwarding,
    Limits limits) {

  /** Maximum sizes of request line and header section in bytes (RFC 9112 3, RFC 9110 5.4). */
  public static final int MAX_REQUEST_LINE = 16 << 10;

  public static final int MAX_REQUEST_FIELDS = 32 << 10;

  /** The PEM files of TLS on the client port. */
  public record Tls(Path certificate, Path key) {}

  /**
   * The upstream.
   *
   * @param tokenFile a file with the token, or null
   * @param app the GitHub App whose tokens to use, or null
   * @param answerTimeout the maximum time without data from GitHub
   * @param rateReserve the fraction of the rate limit reserved for callers, 0 to 1
   */
  public record GitHub(
      URI url,
      String version,
      String token,
      Path tokenFile,
      App app,
      String webhookSecret,
      String ownerPaths,
      Duration connectTimeout,
      Duration answerTimeout,
      double rateReserve) {}

  /**
   * A GitHub App.
   *
   * @param id its id or client id
   * @param keyFile a file with its private key
   * @param installation the id of the installation, or empty for that of the organization
   */
  public record App(String id, Path keyFile, String installation, String org) {}

  /** Refreshes of cached endpoints. */
  public record Refreshing(int maxPages, Duration deadline, Duration coldWait) {}

  /**
   * Forwarded requests and their cache.
   *
   * @param most the maximum number of forwarded requests in flight
   * @param maxEntry the maximum size of a stored answer in bytes
   * @param maxAge the age from which GitHub is asked again, or null for as GitHub says
   * @param heuristic whether to apply heuristic freshness (RFC 9111 4.2.2)
   */
  public record Forwarding(
      int most, int maxEntry, Duration maxAge, boolean heuristic, Duration staleIfError) {}

  /**
   * Limits for clients.
   *
   * @param rate requests per second, minute or hour such as {@code 100/s}
   * @param burst the maximum number of requests at once
   * @param content the maximum size of a request's content in bytes
   * @param head the maximum time to receive request line and header fields
   * @param idle the maximum idle time of a connection
   */
  public record Limits(
      String rate,
      long burst,
      ClientAddress addresses,
      long content,
      int connections,
      Duration head,
      Duration idle) {}

  /**
   * Reads and validates all settings.
   *
   * @throws BadConfiguration with the variable, its value and the valid values
   */
  public static Settings of(CamelContext context) {
    SettingsReader of = new SettingsReader(context.getPropertiesComponent());
    Settings settings = read(of);
    // not fields of this record: routes, Kamelets and the log configuration use them
    of.time("refresh.interval");
    of.text("log.format", "plain or json", "plain|json");
    of.refuseUnread();
    if (settings.rewriteUrls.equals("all") && settings.publicUrl.isEmpty()) {
      throw new BadConfiguration(
          "REWRITE_URLS is 'all', which requires PUBLIC_URL: stored answers contain one address for"
              + " all clients");
    }
    if (settings.github.tokenFile != null && !settings.github.token.isEmpty()) {
      throw new BadConfiguration(
          "GITHUB_API_TOKEN and GITHUB_API_TOKEN_FILE are both set: set only one of them");
    }
    if (settings.github.app != null
        && (settings.github.tokenFile != null || !settings.github.token.isEmpty())) {
      throw new BadConfiguration(
          "GITHUB_APP_ID is set, and GITHUB_API_TOKEN or GITHUB_API_TOKEN_FILE too: set either a"
              + " token or a GitHub App");
    }
    if (settings.clients.port() == settings.management.port()) {
      throw new BadConfiguration(
          "MANAGEMENT_PORT and PORT are both '%d': they must differ, because the management port"
                  .formatted(settings.clients.port())
              + " is not for clients");
    }
    return settings;
  }

  /** The scheme of URLs of the client port. */
  public String scheme() {
    return tls == null ? "http" : "https";
  }

  private static Settings read(SettingsReader of) {
    Host clients = of.host("");
    Host management = of.host("management.");
    String anyUrl = "an http:// or https:// URL without query or user information";
    String publicUrl =
        of.text("public.url", "nothing, or " + anyUrl, s -> s.isEmpty() || isBaseUrl(s));
    String redis =
        of.text(
            "redis.url", RedisAddress.ALLOWED, s -> s.isEmpty() || RedisAddress.of(s).isPresent());
    String tokenFile = of.text("github.api.token.file", "", s -> true);
    return new Settings(
        clients,
        management,
        tls(of),
        publicUrl.replaceAll("/+$", ""),
        of.text("admin.token", "nothing, or at least 16 characters of a token", "|[!-~]{16,}"),
        RedisAddress.of(redis).orElse(null),
        of.text("rewrite.urls", "links, all or none", "links|all|none"),
        of.sizeOr("near.cache.size", Runtime.getRuntime().maxMemory() / 3),
        of.time("near.cache.max.age"),
        of.flag("fast.lane"),
        of.text("stored.for.credentials", "serve or forward", "serve|forward").equals("serve"),
        of.count("request.threads"),
        of.flag("access.log"),
        of.timeOrZero("drain.delay", "a time such as 5s, or 0s for none"),
        new GitHub(
            URI.create(of.text("github.api.url", anyUrl, Settings::isBaseUrl)),
            of.text("github.api.version", "a version such as 2022-11-28", "\\d{4}-\\d\\d-\\d\\d"),
            of.text(
                "github.api.token",
                "a token of printable characters without spaces",
                Settings::isToken),
            tokenFile.isEmpty() ? null : Path.of(tokenFile),
            app(of),
            of.text(
                "github.webhook.secret",
                "nothing, or at least 16 printable characters",
                "|[ -~]{16,}"),
            of.text(
                "github.owner.paths",
                "paths, separated by commas",
                "/[^,\\s]+(\\s*,\\s*/[^,\\s]+)*"),
            of.time("github.connect.timeout"),
            of.time("github.answer.timeout"),
            of.percent("github.rate.reserve")),
        new Refreshing(
            of.count("refresh.max.pages"), of.time("refresh.deadline"), of.time("cold.wait")),
        new Forwarding(
            of.count("max.forwards"),
            (int) Math.min(Integer.MAX_VALUE, of.size("forward.cache.max.entry")),
            of.timeOrNull("forward.max.age", "nothing, or a time such as 10s, or 0s for each read"),
            of.flag("forward.cache.heuristic"),
            of.timeOrZero("stale.if.error", "a time such as 10m, 1h or 1d, or 0s for never")),
        limits(of));
  }

  private static App app(SettingsReader of) {
    // routes and Kamelets use it, too
    String org =
        of.text(
            "github.org",
            "the login of an organization: letters, digits and hyphens",
            "[A-Za-z0-9][A-Za-z0-9-]{0,99}");
    String id =
        of.text("github.app.id", "nothing, or the id or client id of a GitHub App", "[\\w.-]*");
    String keyFile = of.text("github.app.private.key.file", "", s -> true);
    String installation =
        of.text("github.app.installation.id", "nothing, or the number of an installation", "\\d*");
    if (!(id + keyFile + installation).isEmpty() && (id.isEmpty() || keyFile.isEmpty())) {
      throw new BadConfiguration(
          "%s is not set: a GitHub App needs GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY_FILE"
              .formatted(id.isEmpty() ? "GITHUB_APP_ID" : "GITHUB_APP_PRIVATE_KEY_FILE"));
    }
    return id.isEmpty() ? null : new App(id, Path.of(keyFile), installation, org);
  }

  private static Tls tls(SettingsReader of) {
    String certificate = of.text("tls.certificate.file", "", s -> true);
    String key = of.text("tls.key.file", "", s -> true);
    if (certificate.isEmpty() != key.isEmpty()) {
      throw new BadConfiguration(
          "TLS_CERTIFICATE_FILE is '%s' and TLS_KEY_FILE is '%s': set both or neither"
              .formatted(certificate, key));
    }
    return key.isEmpty() ? null : new Tls(Path.of(certificate), Path.of(key));
  }

  private static Limits limits(SettingsReader of) {
    String rate =
        of.text(
            "rate.limit",
            "nothing, or a number for each second, minute or hour such as 100/s, 6000/m or 5000/h",
            "|[1-9]\\d{0,8}/[smh]");
    String burst =
        of.text("rate.limit.burst", "nothing, or a whole number above 0", "|[1-9]\\d{0,8}");
    String usual = rate.isEmpty() ? "1" : rate.replaceFirst("/.*", "");
    String proxies =
        of.text(
            "trusted.proxies",
            "nothing, or addresses and networks such as 127.0.0.1,10.0.0.0/8, separated by commas",
            ClientAddress::areNetworks);
    return new Limits(
        rate,
        Long.parseLong(burst.isEmpty() ? usual : burst),
        new ClientAddress(proxies),
        of.size("max.request.body"),
        of.count("max.connections"),
        of.time("request.timeout"),
        of.time("idle.timeout"));
  }

  /** Parses a time such as {@code 5m} or {@code 1h30m} to milliseconds; -1 if it is invalid. */
  public static long millis(String time) {
    try {
      // rejects bare numbers: Camel reads milliseconds where users expect seconds
      return time.matches("(\\d{1,9}(ms|[dhms]))+") ? TimeUtils.toMilliSeconds(time) : -1;
    } catch (IllegalArgumentException e) {
      return -1;
    }
  }

  /** Whether the value can be sent as a token (RFC 6750 2.1). */
  public static boolean isToken(String value) {
    return value.matches("[!-~]*");
  }

  private static boolean isBaseUrl(String value) {
    try {
      URI uri = URI.create(value);
      return uri.getHost() != null
          && uri.getPort() != 0
          && uri.getPort() < 65_536
          && value.matches("https?://[^?#@\\s]+");
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
