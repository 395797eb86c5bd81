package io.github.camelrestcache.base;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The parts of {@code REDIS_URL}. A password without a user belongs to the default user. The URL
 * contains user and password in percent-encoding (RFC 3986 2.1); the fields are decoded.
 *
 * @param user the ACL user, or null for the default user
 * @param password the password, or null without authentication
 * @param hosts the server, the sentinels, or some servers of the cluster
 * @param master the name of the master, or null without sentinels
 * @param cluster whether the hosts belong to a Redis Cluster
 */
public record RedisAddress(
    boolean tls,
    String user,
    String password,
    List<Host> hosts,
    String master,
    boolean cluster,
    int database) {

  /** A server or a sentinel; an IPv6 address has no brackets. */
  public record Host(String name, int port) {

    @Override
    public String toString() {
      return name + ":" + port;
    }
  }

  /** Describes the valid forms in error messages. */
  public static final String ALLOWED =
      "redis://[user:password@]host:port[/db],"
          + " redis-sentinel://[user:password@]host:port,host:port,…[/db]?sentinelMasterId=name,"
          + " redis-cluster://[user:password@]host:port,host:port,…,"
          + " each with rediss in place of redis for TLS, or nothing (an embedded server)";

  // java.net.URI supports neither lists of hosts nor underscores in host names
  private static final Pattern URL =
      Pattern.compile(
          "redis(?<tls>s?)(?<kind>|-sentinel|-cluster)://((?<user>(%[0-9A-Fa-f]{2}|[^%@/?#\\s])*)@)?"
              + "(?<hosts>[^@/?#\\s]+)(/(?<db>\\d{0,5}))?(\\?sentinelMasterId=(?<master>[\\w.-]+))?");

  private static final Pattern HOST =
      Pattern.compile("(?<name>[A-Za-z0-9][\\w.-]*|\\[[0-9A-Fa-f:.]+])(:(?<port>[1-9]\\d{0,4}))?");

  /** Parses a URL; empty if it is invalid. */
  public static Optional<RedisAddress> of(String url) {
    Matcher parts = URL.matcher(url);
    if (!parts.matches()) {
      return Optional.empty();
    }
    boolean sentinels = parts.group("kind").equals("-sentinel");
    boolean cluster = parts.group("kind").equals("-cluster");
    String given = Objects.requireNonNullElse(parts.group("db"), "");
    int database = given.isEmpty() ? 0 : Integer.parseInt(given);
    List<Host> hosts =
        Stream.of(parts.group("hosts").split(",", -1))
            .map(host -> host(host, sentinels ? 26379 : 6379))
            .toList();
    if (hosts.contains(null)
        || hosts.size() > 1 && !sentinels && !cluster
        || cluster && database > 0
        || sentinels != (parts.group("master") != null)) {
      return Optional.empty();
    }
    String[] user = Objects.requireNonNullElse(parts.group("user"), "").split(":", 2);
    String password = decoded(user[user.length - 1]);
    String name = user.length == 1 || user[0].isEmpty() ? null : decoded(user[0]);
    return Optional.of(
        new RedisAddress(
            !parts.group("tls").isEmpty(),
            name,
            name == null && password.isEmpty() ? null : password,
            hosts,
            parts.group("master"),
            cluster,
            database));
  }

  /** The host, or null if it is invalid. */
  private static Host host(String host, int usual) {
    Matcher parts = HOST.matcher(host);
    if (!parts.matches()) {
      return null;
    }
    String given = parts.group("port");
    int port = given == null ? usual : Integer.parseInt(given);
    return port < 65_536 ? new Host(parts.group("name").replaceAll("[\\[\\]]", ""), port) : null;
  }

  private static String decoded(String part) {
    return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  /** Hosts and master, without credentials. */
  @Override
  public String toString() {
    String all = hosts.stream().map(Host::toString).collect(Collectors.joining(","));
    return master == null ? all : master + " of the sentinels " + all;
  }
}
