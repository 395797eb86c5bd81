package io.github.camelrestcache.base;

import io.github.camelrestcache.base.RedisAddress.Host;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.apache.camel.spi.PropertiesComponent;
import org.springframework.util.unit.DataSize;

/** Reads settings and records which keys were read. */
record SettingsReader(PropertiesComponent properties, Set<String> read) {

  SettingsReader(PropertiesComponent properties) {
    this(properties, new LinkedHashSet<>());
  }

  String text(String key, String allowed, Predicate<String> valid) {
    read.add(key);
    String value = properties.resolveProperty(key).orElse("").strip();
    if (!valid.test(value)) {
      throw new BadConfiguration(
          "%s is '%s', but must be %s".formatted(variable(key), shown(key, value), allowed));
    }
    return value;
  }

  Host host(String prefix) {
    String port = text(prefix + "port", "a port number from 1 to 65535", SettingsReader::isPort);
    String name =
        text(prefix + "host", "a host name or an address", value -> value.matches("\\S+"));
    return new Host(name, Integer.parseInt(port));
  }

  Duration time(String key) {
    return Duration.ofMillis(
        Settings.millis(
            text(key, "a time above 0 such as 500ms, 2s, 5m or 1h", s -> Settings.millis(s) > 0)));
  }

  Duration timeOrZero(String key, String allowed) {
    return Duration.ofMillis(Settings.millis(text(key, allowed, s -> Settings.millis(s) >= 0)));
  }

  int count(String key) {
    return Integer.parseInt(text(key, "a whole number above 0", s -> s.matches("[1-9]\\d{0,8}")));
  }

  boolean flag(String key) {
    return Boolean.parseBoolean(text(key, "true or false", s -> s.matches("true|false")));
  }

  long size(String key) {
    return DataSize.parse(text(key, SIZE, s -> s.matches(SIZES))).toBytes();
  }

  long sizeOr(String key, long usual) {
    String size = text(key, "nothing, or " + SIZE, s -> s.isEmpty() || s.matches(SIZES));
    return size.isEmpty() ? usual : DataSize.parse(size).toBytes();
  }

  void refuseUnread() {
    Stream<String> keys = properties.loadProperties().stringPropertyNames().stream();
    keys.filter(key -> !key.startsWith("camel.") && !read.contains(key))
        .findFirst()
        .ifPresent(
            key -> {
              throw new BadConfiguration(
                  "application.properties: unknown key '%s': %s"
                      .formatted(key, BadConfiguration.suggestion(key, read)));
            });
  }

  private static final String SIZE = "a size up to 9999MB such as 500KB or 10MB";
  private static final String SIZES = "[1-9]\\d{0,3}(B|KB|MB)";

  private static String variable(String key) {
    return key.toUpperCase(Locale.ROOT).replace('.', '_');
  }

  /** The value for an error message; masks secrets and URLs that may contain one. */
  private static String shown(String key, String value) {
    return key.matches(".*(token|secret)")
            || key.endsWith(".url") && value.matches("(?is).*(@|pass|auth).*")
        ? "***"
        : value;
  }

  static boolean isPort(String value) {
    return value.matches("[1-9]\\d{0,4}") && Integer.parseInt(value) < 65_536;
  }
}
