package io.github.camelrestcache.http;

import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Whose request it is: the address that it came from, or, if that is a trusted proxy's, the last
 * one in {@code X-Forwarded-For} that is not. Of IPv6 the first 64 bits, for that is what one
 * client has (RFC 6177).
 */
public final class ClientAddress {

  private static final Pattern COMMA = Pattern.compile("\\s*,\\s*");

  /** An address as some proxies write it, with a port. */
  private static final Pattern WITH_PORT =
      Pattern.compile("\\[(?<six>[^]]+)](:\\d+)?|(?<four>[\\d.]+):\\d+");

  private final List<IpSubnetFilterRule> trusted;

  /**
   * @param trusted addresses and networks such as {@code 10.0.0.0/8}, separated by commas; may be
   *     empty
   * @throws IllegalArgumentException if one of them is none
   */
  ClientAddress(String trusted) {
    this.trusted = networks(trusted);
  }

  /** Whether these are addresses and networks, separated by commas. */
  public static boolean areNetworks(String list) {
    try {
      networks(list);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static List<IpSubnetFilterRule> networks(String list) {
    return Stream.of(COMMA.split(list.strip()))
        .filter(each -> !each.isEmpty())
        .map(ClientAddress::network)
        .toList();
  }

  private static IpSubnetFilterRule network(String network) {
    String[] parts = network.split("/", 2);
    byte[] address = NetUtil.createByteArrayFromIpAddressString(parts[0]);
    if (address == null) {
      throw new IllegalArgumentException(network + " is no address");
    }
    int bits = parts.length == 1 ? address.length * Byte.SIZE : Integer.parseInt(parts[1]);
    return new IpSubnetFilterRule(parts[0], bits, IpFilterRuleType.ACCEPT);
  }

  /** Whether who connects may not be the client. */
  boolean trustsAProxy() {
    return !trusted.isEmpty();
  }

  /**
   * The address that a request is counted by.
   *
   * @param from where it came from
   * @param forwarded its {@code X-Forwarded-For}, or null
   */
  String of(String from, String forwarded) {
    InetAddress client = parse(from);
    if (isTrusted(client)) {
      String[] hops = COMMA.split(forwarded == null ? "" : forwarded.strip());
      for (int i = hops.length - 1; i >= 0 && isTrusted(client); i--) {
        InetAddress hop = parse(hops[i]);
        if (hop == null) {
          break;
        }
        client = hop;
      }
    }
    return name(client);
  }

  /** Null if it is none; nothing is looked up. */
  private static InetAddress parse(String address) {
    byte[] bytes = address == null ? null : NetUtil.createByteArrayFromIpAddressString(address);
    if (bytes == null && address != null) {
      Matcher written = WITH_PORT.matcher(address);
      if (written.matches()) {
        String bare = written.group("six") == null ? written.group("four") : written.group("six");
        bytes = NetUtil.createByteArrayFromIpAddressString(bare);
      }
    }
    try {
      // an IPv4 address in IPv6's clothes becomes one
      return bytes == null ? null : InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e); // only for other lengths
    }
  }

  private boolean isTrusted(InetAddress address) {
    InetSocketAddress socket = new InetSocketAddress(address, 0);
    return trusted.stream().anyMatch(each -> each.matches(socket));
  }

  private static String name(InetAddress address) {
    byte[] bytes = address.getAddress();
    return NetUtil.bytesToIpAddress(
        bytes.length == 4 ? bytes : Arrays.copyOf(Arrays.copyOf(bytes, 8), 16));
  }
}
