package io.github.camelrestcache;

import io.github.camelrestcache.catalog.BadConfiguration;
import io.github.camelrestcache.http.ClientAddress;
import io.github.camelrestcache.store.RedisAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.camel.CamelContext;
import org.apache.camel.spi.PropertiesComponent;
import org.apache.camel.util.TimeUtils;
import org.springframework.util.unit.DataSize;

/**
 * What application.properties and the environment may say. Each key has an environment variable of
 * the same name, upper case with underscores ({@code github.org} is {@code GITHUB_ORG}), which
 * wins.
 */
public final class Settings {

  private record Rule(String allowed, Predicate<String> valid) {}

  private static final Rule PORT = new Rule("a port number from 1 to 65535", Settings::isPort);
  private static final Rule HOST = new Rule("a host name or an address", s -> s.matches("\\S+"));
  private static final Rule TIME =
      new Rule("a time above 0 such as 500ms, 2s, 5m or 1h", s -> millis(s) > 0);
  private static final Rule TIME_OR_NEVER =
      new Rule("a time such as 10m, 1h or 1d, or 0s for never", s -> millis(s) >= 0);
  private static final Rule COUNT =
      new Rule("a whole number above 0", s -> s.matches("[1-9]\\d{0,8}"));

  private static final Rule YES_OR_NO = new Rule("true or false", s -> s.matches("true|false"));
  private static final Rule SIZE =
      new Rule(
          "a size up to 9999MB such as 500KB or 10MB", s -> s.matches("[1-9]\\d{0,3}(B|KB|MB)"));

  private static final Map<String, Rule> RULES = new LinkedHashMap<>();

  static {
    RULES.put("port", PORT);
    RULES.put("host", HOST);
    RULES.put(
        "public.url",
        new Rule(
            "nothing, or an http:// or https:// URL without query or user information",
            s -> s.isEmpty() || isBaseUrl(s)));
    RULES.put("management.port", PORT);
    RULES.put("management.host", HOST);
    RULES.put(
        "redis.url",
        new Rule(RedisAddress.ALLOWED, s -> s.isEmpty() || RedisAddress.of(s).isPresent()));
    RULES.put(
        "github.api.url",
        new Rule(
            "an http:// or https:// URL without query or user information", Settings::isBaseUrl));
    RULES.put(
        "github.api.token",
        new Rule("a token of printable characters without spaces", Settings::isToken));
    RULES.put("github.api.token.file", new Rule("nothing, or the name of a file", s -> true));
    RULES.put(
        "github.webhook.secret",
        new Rule("nothing, or at least 16 printable characters", s -> s.matches("|[ -~]{16,}")));
    RULES.put(
        "github.api.version",
        new Rule("a version such as 2022-11-28", s -> s.matches("\\d{4}-\\d\\d-\\d\\d")));
    RULES.put(
        "github.org",
        new Rule(
            "the login of an organization: letters, digits and hyphens",
            s -> s.matches("[A-Za-z0-9][A-Za-z0-9-]{0,99}")));
    RULES.put(
        "github.owner.paths",
        new Rule("paths, separated by commas", s -> s.matches("/[^,\\s]+(\\s*,\\s*/[^,\\s]+)*")));
    RULES.put("github.connect.timeout", TIME);
    RULES.put("github.answer.timeout", TIME);
    RULES.put("max.forwards", COUNT);
    RULES.put(
        "github.rate.reserve",
        new Rule("a share from 0% to 90% such as 20%", s -> s.matches("([0-8]?\\d|90)%")));
    RULES.put("refresh.interval", TIME);
    RULES.put("refresh.max.pages", COUNT);
    RULES.put("refresh.deadline", TIME);
    RULES.put("near.cache.max.age", TIME);
    RULES.put(
        "rate.limit",
        new Rule(
            "nothing, or a number for each second, minute or hour such as 100/s, 6000/m or 5000/h",
            s -> s.matches("|[1-9]\\d{0,8}/[smh]")));
    RULES.put(
        "rate.limit.burst",
        new Rule("nothing, or " + COUNT.allowed(), s -> s.isEmpty() || COUNT.valid().test(s)));
    RULES.put("rate.limit.stored", YES_OR_NO);
    RULES.put(
        "trusted.proxies",
        new Rule(
            "nothing, or addresses and networks such as 127.0.0.1,10.0.0.0/8, separated by commas",
            ClientAddress::areNetworks));
    RULES.put("access.log", YES_OR_NO);
    RULES.put(
        "admin.token",
        new Rule("nothing, or at least 16 characters of a token", s -> s.matches("|[!-~]{16,}")));
    RULES.put("log.format", new Rule("plain or json", s -> s.matches("plain|json")));
    RULES.put("max.request.line", SIZE);
    RULES.put("max.request.fields", SIZE);
    RULES.put("max.request.body", SIZE);
    RULES.put("max.connections", COUNT);
    RULES.put("request.timeout", TIME);
    RULES.put("idle.timeout", TIME);
    RULES.put("cold.wait", TIME);
    RULES.put("request.threads", COUNT);
    RULES.put("forward.cache.max.entry", SIZE);
    RULES.put(
        "near.cache.size",
        new Rule("nothing, or " + SIZE.allowed(), s -> s.isEmpty() || SIZE.valid().test(s)));
    RULES.put("rewrite.urls", new Rule("links, all or none", s -> s.matches("links|all|none")));
    RULES.put("forward.cache.heuristic", YES_OR_NO);
    RULES.put("fast.lane", YES_OR_NO);
    RULES.put("stale.if.error", TIME_OR_NEVER);
    RULES.put("drain.delay", new Rule("a time such as 5s, or 0s for none", TIME_OR_NEVER.valid()));
  }

  private Settings() {}

  /**
   * Refuses values that are not allowed, and keys that nobody reads.
   *
   * @throws BadConfiguration a sentence that names the variable, the value and what is allowed
   */
  public static void check(CamelContext context) {
    PropertiesComponent properties = context.getPropertiesComponent();
    for (Object key : properties.loadProperties().keySet()) {
      String name = key.toString();
      if (!name.startsWith("camel.") && !RULES.containsKey(name)) {
        throw new BadConfiguration(
            "application.properties: nothing reads the key '%s': %s"
                .formatted(name, BadConfiguration.suggestion(name, RULES.keySet())));
      }
    }
    RULES.forEach(
        (key, rule) -> {
          String value = get(context, key);
          if (!rule.valid().test(value)) {
            throw new BadConfiguration(
                "%s is '%s', and has to be %s"
                    .formatted(variable(key), shown(key, value), rule.allowed()));
          }
        });
    if (get(context, "rewrite.urls").equals("all") && get(context, "public.url").isEmpty()) {
      throw new BadConfiguration(
          "REWRITE_URLS is 'all', which needs PUBLIC_URL: what is stored names one address of this"
              + " service, the same for all clients");
    }
    if (!get(context, "github.api.token.file").isEmpty()
        && !get(context, "github.api.token").isEmpty()) {
      throw new BadConfiguration(
          "GITHUB_API_TOKEN and GITHUB_API_TOKEN_FILE are both set: only one of them can be meant");
    }
    if (get(context, "port").equals(get(context, "management.port"))) {
      throw new BadConfiguration(
          "MANAGEMENT_PORT is '%s' and so is PORT: they have to differ, for what is on the first is"
                  .formatted(get(context, "port"))
              + " not for clients");
    }
  }

  /** Refuses a port that another process has, before anything is started. */
  static void checkPorts(CamelContext context) {
    for (String prefix : List.of("", "management.")) {
      String host = get(context, prefix + "host");
      String port = get(context, prefix + "port");
      try (ServerSocket probe = new ServerSocket()) {
        probe.bind(new InetSocketAddress(host, Integer.parseInt(port)));
      } catch (IOException e) {
        throw new BadConfiguration(
            "%s is '%s', which cannot be listened on at %s=%s (%s): choose a free port and an address of this machine"
                .formatted(
                    variable(prefix + "port"),
                    port,
                    variable(prefix + "host"),
                    host,
                    e.getMessage()));
      }
    }
  }

  /** The value of a key, trimmed; empty when it has none. */
  public static String get(CamelContext context, String key) {
    return context.getPropertiesComponent().resolveProperty(key).orElse("").strip();
  }

  /** The value of a key that is a time in Camel's syntax. */
  public static Duration time(CamelContext context, String key) {
    return Duration.ofMillis(millis(get(context, key)));
  }

  /** The value of a key that is a whole number. */
  public static int number(CamelContext context, String key) {
    return Integer.parseInt(get(context, key));
  }

  /** The value of a key that is a share: of {@code 20%}, 0.2. */
  public static double percent(CamelContext context, String key) {
    return Integer.parseInt(get(context, key).replace("%", "")) / 100.0;
  }

  /**
   * How many bytes of memory what is stored may take, twice: as it is stored, and as it is sent.
   */
  public static long nearCacheSize(CamelContext context) {
    String size = get(context, "near.cache.size");
    return size.isEmpty()
        ? Runtime.getRuntime().maxMemory() / 3
        : bytes(context, "near.cache.size");
  }

  /** The value of a key that is a size: of {@code 10KB}, 10,240. */
  public static long bytes(CamelContext context, String key) {
    return DataSize.parse(get(context, key)).toBytes();
  }

  /** Milliseconds of a time in Camel's syntax ({@code 5m}, {@code 1h30m}), -1 if it is none. */
  public static long millis(String time) {
    try {
      // a bare number is one of milliseconds to Camel, and of seconds to whoever writes it
      return time.matches("(\\d{1,9}(ms|[dhms]))+") ? TimeUtils.toMilliSeconds(time) : -1;
    } catch (IllegalArgumentException e) {
      return -1;
    }
  }

  private static String variable(String key) {
    return key.toUpperCase(java.util.Locale.ROOT).replace('.', '_');
  }

  /** A value as it may be shown: not if it is a secret, or a URL with one in it. */
  private static String shown(String key, String value) {
    return key.matches(".*(token|secret)")
            || key.endsWith(".url") && value.matches("(?is).*(@|pass|auth).*")
        ? "***"
        : value;
  }

  /** Whether it can be sent as a token. */
  public static boolean isToken(String value) {
    return value.matches("[!-~]*");
  }

  private static boolean isPort(String value) {
    return value.matches("[1-9]\\d{0,4}") && Integer.parseInt(value) < 65_536;
  }

  private static boolean isBaseUrl(String value) {
    return isUrl(value, "http", "https") && value.matches("[^?#@\\s]+");
  }

  private static boolean isUrl(String value, String... schemes) {
    try {
      URI uri = URI.create(value);
      return uri.getHost() != null
          && (uri.getPort() == -1 || isPort(Integer.toString(uri.getPort())))
          && List.of(schemes).contains(String.valueOf(uri.getScheme()));
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
