package io.github.camelrestcache.base;

import io.github.camelrestcache.base.RedisAddress.Host;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.camel.spi.PropertiesComponent;
import org.springframework.util.unit.DataSize;

/** Reads settings and records which keys were read. */
record SettingsReader(PropertiesComponent properties, Set<String> read) {

  private static final String SIZE = "a size up to 9999MB such as 500KB or 10MB";
  private static final String SIZES = "[1-9]\\d{0,3}(B|KB|MB)";

  SettingsReader(PropertiesComponent properties) {
    this(properties, new LinkedHashSet<>());
  }

  /** Reads a value; {@code allowed} describes the valid ones in the refusal. */
  String text(String key, String allowed, Predicate<String> valid) {
    read.add(key);
    String value = properties.resolveProperty(key).orElse("").strip();
    if (!valid.test(value)) {
      throw new BadConfiguration(
          "%s is '%s', but must be %s".formatted(variable(key), shown(key, value), allowed));
    }
    return value;
  }

  String text(String key, String allowed, String pattern) {
    return text(key, allowed, value -> value.matches(pattern));
  }

  Host host(String prefix) {
    String port =
        text(
            prefix + "port",
            "a port number from 1 to 65535",
            s -> s.matches("[1-9]\\d{0,4}") && Integer.parseInt(s) < 65_536);
    String name = text(prefix + "host", "a host name or an address", "\\S+");
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

  Duration timeOrNull(String key, String allowed) {
    String time = text(key, allowed, s -> s.isEmpty() || Settings.millis(s) >= 0);
    return time.isEmpty() ? null : Duration.ofMillis(Settings.millis(time));
  }

  int count(String key) {
    return Integer.parseInt(text(key, "a whole number above 0", "[1-9]\\d{0,8}"));
  }

  /** A share as a fraction. */
  double percent(String key) {
    String share = text(key, "a share from 0% to 90% such as 20%", "([0-8]?\\d|90)%");
    return Integer.parseInt(share.replace("%", "")) / 100.0;
  }

  boolean flag(String key) {
    return Boolean.parseBoolean(text(key, "true or false", "true|false"));
  }

  long size(String key) {
    return DataSize.parse(text(key, SIZE, SIZES)).toBytes();
  }

  long sizeOr(String key, long usual) {
    String size = text(key, "nothing, or " + SIZE, "|" + SIZES);
    return size.isEmpty() ? usual : DataSize.parse(size).toBytes();
  }

  void refuseUnread() {
    for (String key : properties.loadProperties().stringPropertyNames()) {
      if (!key.startsWith("camel.") && !read.contains(key)) {
        throw new BadConfiguration(
            "application.properties: unknown key '%s': %s"
                .formatted(key, BadConfiguration.suggestion(key, read)));
      }
    }
  }

  private static String variable(String key) {
    return key.toUpperCase(Locale.ROOT).replace('.', '_');
  }

  /** The value for an error message; masks secrets and URLs that may contain one. */
  private static String shown(String key, String value) {
    return key.matches(".*(token|secret)")
            || value.contains("PRIVATE KEY")
            || key.endsWith(".url") && value.matches("(?is).*(@|pass|auth).*")
        ? "***"
        : value;
  }
}
