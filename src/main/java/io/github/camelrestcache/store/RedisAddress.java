package io.github.camelrestcache.store;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import redis.clients.jedis.HostAndPort;

/**
 * Where Redis is and who asks, as {@code REDIS_URL} says it. A password alone is given to the
 * default user; in both, characters that end a part of a URL are percent-encoded.
 *
 * @param tls whether connections are encrypted
 * @param user whom to authenticate as, or null
 * @param password null if there is nobody to authenticate as
 * @param hosts the server, or the sentinels to ask for it
 * @param master what the sentinels call the server, or null if there are none
 * @param database the number of the database
 */
public record RedisAddress(
    boolean tls,
    String user,
    String password,
    List<HostAndPort> hosts,
    String master,
    int database) {

  /** What a URL has to be, for whoever wrote another. */
  public static final String ALLOWED =
      "redis://[user:password@]host:port[/db], rediss://… for TLS,"
          + " redis-sentinel://[user:password@]host:port,host:port,…[/db]?sentinelMasterId=name,"
          + " or nothing (an embedded server)";

  // java.net.URI knows no lists of hosts, and no underscore in a name
  private static final Pattern URL =
      Pattern.compile(
          "(?<scheme>rediss?|redis-sentinel)://((?<user>(%[0-9A-Fa-f]{2}|[^%@/?#\\s])*)@)?"
              + "(?<hosts>[^@/?#\\s]+)(/(?<db>\\d{0,5}))?(\\?sentinelMasterId=(?<master>[\\w.-]+))?");

  private static final Pattern HOST =
      Pattern.compile("(?<name>[A-Za-z0-9][\\w.-]*|\\[[0-9A-Fa-f:.]+])(:(?<port>[1-9]\\d{0,4}))?");

  /** The address in a URL, or nothing if it is none that is allowed. */
  public static Optional<RedisAddress> of(String url) {
    Matcher parts = URL.matcher(url);
    if (!parts.matches()) {
      return Optional.empty();
    }
    boolean sentinels = parts.group("scheme").equals("redis-sentinel");
    List<HostAndPort> hosts =
        Stream.of(parts.group("hosts").split(",", -1))
            .map(host -> host(host, sentinels ? 26379 : 6379))
            .flatMap(Optional::stream)
            .toList();
    long named = parts.group("hosts").chars().filter(c -> c == ',').count() + 1;
    if (hosts.size() < named
        || !sentinels && named > 1
        || sentinels != (parts.group("master") != null)) {
      return Optional.empty();
    }
    String[] user = (parts.group("user") == null ? "" : parts.group("user")).split(":", 2);
    String password = decoded(user[user.length - 1]);
    String name = user.length == 1 || user[0].isEmpty() ? null : decoded(user[0]);
    String database = parts.group("db");
    return Optional.of(
        new RedisAddress(
            parts.group("scheme").equals("rediss"),
            name,
            name == null && password.isEmpty() ? null : password,
            hosts,
            parts.group("master"),
            database == null || database.isEmpty() ? 0 : Integer.parseInt(database)));
  }

  private static Optional<HostAndPort> host(String host, int port) {
    Matcher parts = HOST.matcher(host);
    if (!parts.matches()) {
      return Optional.empty();
    }
    String given = parts.group("port");
    return Optional.of(
            new HostAndPort(
                parts.group("name").replaceAll("[\\[\\]]", ""),
                given == null ? port : Integer.parseInt(given)))
        .filter(server -> server.getPort() < 65_536);
  }

  private static String decoded(String part) {
    return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  /** For people: who is asked, and nothing of the credentials. */
  @Override
  public String toString() {
    String all = hosts.stream().map(HostAndPort::toString).collect(Collectors.joining(","));
    return master == null ? all : master + " of the sentinels " + all;
  }
}
