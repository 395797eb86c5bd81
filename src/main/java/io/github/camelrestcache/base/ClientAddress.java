package io.github.camelrestcache.base;

import java.math.BigInteger;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Identifies the client of a request: the peer of the connection or, behind trusted proxies, the
 * last untrusted address in {@code X-Forwarded-For}. IPv6 addresses are cut to their /64 prefix,
 * the smallest network that one client gets (RFC 6177).
 */
public final class ClientAddress {

  private static final Pattern COMMA = Pattern.compile("\\s*,\\s*");

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
        Stream.of(COMMA.split(trusted.strip()))
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

  /** Whether requests on one connection may come from several clients. */
  public boolean trustsAProxy() {
    return !trusted.isEmpty();
  }

  /**
   * Returns the address of the client.
   *
   * @param peer the remote address of the connection
   * @param forwardedFor the value of {@code X-Forwarded-For}, or null
   */
  public String of(String peer, String forwardedFor) {
    if (trusted.isEmpty() && peer.indexOf(':') < 0) {
      return peer;
    }
    InetAddress client = parse(peer);
    if (client == null) {
      return peer;
    }
    String[] hops = COMMA.split(forwardedFor == null ? "" : forwardedFor.strip());
    for (int i = hops.length - 1; i >= 0 && isTrusted(client); i--) {
      InetAddress hop = parse(hops[i]);
      if (hop == null) {
        break;
      }
      client = hop;
    }
    String address = client.getHostAddress();
    // Java writes all eight groups of an IPv6 address
    return client instanceof Inet6Address ? address.replaceFirst("(:\\w+){4}$", "::") : address;
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
