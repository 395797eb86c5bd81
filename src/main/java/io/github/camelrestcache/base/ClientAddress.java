package io.github.camelrestcache.base;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ShortBuffer;
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

  /** A network with a prefix of {@code bits} bits. */
  private record Network(byte[] address, int bits) {

    boolean contains(byte[] other) {
      if (other.length != address.length) {
        return false;
      }
      for (int bit = 0; bit < bits; bit += Byte.SIZE) {
        int mask = bits - bit >= Byte.SIZE ? 0xff : 0xff << Byte.SIZE - (bits - bit);
        if (((address[bit / Byte.SIZE] ^ other[bit / Byte.SIZE]) & mask) != 0) {
          return false;
        }
      }
      return true;
    }
  }

  private final List<Network> trusted;

  /**
   * @param trusted comma-separated addresses and networks such as {@code 10.0.0.0/8}, or empty
   * @throws IllegalArgumentException if an entry is invalid
   */
  public ClientAddress(String trusted) {
    this.trusted = networks(trusted);
  }

  /** Whether the text is a comma-separated list of addresses and networks. */
  public static boolean areNetworks(String list) {
    try {
      networks(list);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static List<Network> networks(String list) {
    return Stream.of(COMMA.split(list.strip()))
        .filter(each -> !each.isEmpty())
        .map(ClientAddress::network)
        .toList();
  }

  private static Network network(String network) {
    String[] parts = network.split("/", 2);
    byte[] address = parse(parts[0]);
    int bits = parts.length == 1 ? 0 : Integer.parseInt(parts[1]);
    if (address == null || bits < 0 || bits > address.length * Byte.SIZE) {
      throw new IllegalArgumentException(network + " is not an address or a network");
    }
    return new Network(address, parts.length == 1 ? address.length * Byte.SIZE : bits);
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
    byte[] client = parse(peer);
    if (client == null) {
      return peer;
    }
    String[] hops = COMMA.split(forwardedFor == null ? "" : forwardedFor.strip());
    for (int i = hops.length - 1; i >= 0 && isTrusted(client); i--) {
      byte[] hop = parse(hops[i]);
      if (hop == null) {
        break;
      }
      client = hop;
    }
    return name(client);
  }

  private boolean isTrusted(byte[] address) {
    return trusted.stream().anyMatch(network -> network.contains(address));
  }

  /** The bytes of an address, or null if it is invalid. IPv4-mapped IPv6 becomes IPv4. */
  private static byte[] parse(String text) {
    String address = PORT.matcher(text).replaceFirst("$1$3");
    try {
      return LITERAL.matcher(address).matches()
          ? InetAddress.getByName(address).getAddress()
          : null;
    } catch (UnknownHostException e) {
      return null;
    }
  }

  private static String name(byte[] address) {
    if (address.length == 4) {
      return "%d.%d.%d.%d"
          .formatted(address[0] & 0xff, address[1] & 0xff, address[2] & 0xff, address[3] & 0xff);
    }
    ShortBuffer groups = ByteBuffer.wrap(address).asShortBuffer();
    return "%x:%x:%x:%x::".formatted(groups.get(0), groups.get(1), groups.get(2), groups.get(3));
  }
}
