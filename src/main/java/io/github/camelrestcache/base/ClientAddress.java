package io.github.camelrestcache.base;

import java.math.BigInteger;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Identifies the client of a request: the peer of the connection or, behind trusted proxies, the
 * last untrusted address that they report ({@link Forwarded}). IPv6 addresses are cut to their /64
 * prefix, the smallest network that one client gets (RFC 6177).
 */
public final class ClientAddress {

  /** Literals only, to avoid DNS lookups. */
  private static final Pattern LITERAL =
      Pattern.compile("(\\d{1,3}\\.){3}\\d{1,3}|(?=.*:.*:)[0-9A-Fa-f:.]+");

  /** Strips the port that some proxies append. */
  private static final Pattern PORT = Pattern.compile("^\\[(.*)](:\\d+)?$|^([\\d.]+):\\d+$");

  /** A network, whose addresses differ from this one in the last {@code free} bits only. */
  private record Network(byte[] address, int free) {

    boolean contains(InetAddress other) {
      byte[] bytes = other.getAddress();
      BigInteger difference = new BigInteger(1, address).xor(new BigInteger(1, bytes));
      return bytes.length == address.length && difference.bitLength() <= free;
    }
  }

  private final List<Network> trusted;

  /**
   * @param trusted comma-separated addresses and networks such as {@code 10.0.0.0/8}, or empty
   * @throws IllegalArgumentException if an entry is invalid
   */
  public ClientAddress(String trusted) {
    this.trusted =
        Stream.of(trusted.split(","))
            .map(String::strip)
            .filter(each -> !each.isEmpty())
            .map(ClientAddress::network)
            .toList();
  }

  /** Whether the text is a comma-separated list of addresses and networks. */
  public static boolean areNetworks(String list) {
    try {
      new ClientAddress(list);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static Network network(String network) {
    String[] parts = network.split("/", 2);
    InetAddress address = parse(parts[0]);
    int length = address == null ? -1 : address.getAddress().length * Byte.SIZE;
    int bits = parts.length == 1 ? length : Integer.parseInt(parts[1]);
    if (bits < 0 || bits > length) {
      throw new IllegalArgumentException(network + " is not an address or a network");
    }
    return new Network(address.getAddress(), length - bits);
  }

  /**
   * Returns the address of the client.
   *
   * @param peer the remote address of the connection
   * @param fields the values of a header field, separated by commas, or null or empty
   */
  public String of(String peer, UnaryOperator<String> fields) {
    if (trusted.isEmpty() && peer.indexOf(':') < 0) {
      return peer;
    }
    List<InetAddress> hops = hops(peer, new Forwarded(fields));
    if (hops.isEmpty()) {
      return peer;
    }
    InetAddress client = hops.get(hops.size() - 1);
    String address = client.getHostAddress();
    // Java writes all eight groups of an IPv6 address
    return client instanceof Inet6Address ? address.replaceFirst("(:\\w+){4}$", "::") : address;
  }

  /**
   * Returns what a trusted proxy reports of the client: {@code proto}, {@code host}, {@code port}
   * or {@code prefix}. The values are empty without such a report, and are not validated.
   *
   * @param peer the remote address of the connection
   * @param fields the values of a header field, separated by commas, or null or empty
   */
  public UnaryOperator<String> reported(String peer, UnaryOperator<String> fields) {
    if (trusted.isEmpty() || parse(peer) == null || !isTrusted(parse(peer))) {
      return parameter -> "";
    }
    Forwarded forwarded = new Forwarded(fields);
    int proxies = Math.max(1, hops(peer, forwarded).size() - 1);
    return parameter -> {
      String[] values = forwarded.values(parameter).split(",", -1);
      // what precedes the report of the first trusted proxy comes from the client
      return values[Math.max(0, values.length - proxies)].strip();
    };
  }

  /** The peer, the trusted proxies behind it, and the client; empty for an unreadable peer. */
  private List<InetAddress> hops(String peer, Forwarded forwarded) {
    List<InetAddress> hops = new ArrayList<>();
    String[] reported = forwarded.values("for").split(",");
    InetAddress hop = parse(peer);
    for (int i = reported.length - 1; hop != null; i--) {
      hops.add(hop);
      hop = i >= 0 && isTrusted(hop) ? parse(reported[i].strip()) : null;
    }
    return hops;
  }

  private boolean isTrusted(InetAddress address) {
    return trusted.stream().anyMatch(network -> network.contains(address));
  }

  /** Parses an address; null if it is invalid. IPv4-mapped IPv6 becomes IPv4. */
  private static InetAddress parse(String text) {
    String address = PORT.matcher(text).replaceFirst("$1$3");
    try {
      return LITERAL.matcher(address).matches() ? InetAddress.getByName(address) : null;
    } catch (UnknownHostException e) {
      return null;
    }
  }
}
