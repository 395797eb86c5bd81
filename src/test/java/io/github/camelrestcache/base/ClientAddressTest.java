package io.github.camelrestcache.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertAll;

import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The client address, with and without proxies. */
class ClientAddressTest {

  private static UnaryOperator<String> forwardedFor(String value) {
    return name -> name.equalsIgnoreCase("X-Forwarded-For") ? value : null;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // trusted | peer | X-Forwarded-For | client
        "| 192.0.2.1 | 198.51.100.7 | 192.0.2.1",
        "10.0.0.0/8 | 192.0.2.1 | 198.51.100.7 | 192.0.2.1",
        "10.0.0.0/8 | 10.1.2.3 | 198.51.100.7 | 198.51.100.7",
        "10.0.0.0/8 | 10.1.2.3 | | 10.1.2.3",
        "10.0.0.0/8 | 10.1.2.3 | 203.0.113.9, 198.51.100.7, 10.9.9.9 | 198.51.100.7",
        "10.0.0.0/8 | 10.1.2.3 | 10.0.0.9 | 10.0.0.9",
        "10.0.0.0/8,127.0.0.1 | 127.0.0.1 | 198.51.100.7:4711 | 198.51.100.7",
        "10.0.0.0/8 | 10.1.2.3 | unknown | 10.1.2.3",
        "10.0.0.0/8 | 10.1.2.3 | 203.0.113.9, evil.example | 10.1.2.3",
        "10.0.0.0/8 | ::ffff:10.1.2.3 | ::ffff:198.51.100.7 | 198.51.100.7",
        "::1 | ::1 | 198.51.100.7 | 198.51.100.7",
        "2001:db8::/32 | 2001:db8::1 | [2001:dc8:1:2:3:4:5:6]:443 | 2001:dc8:1:2::",
        "| 2001:dc8:1:2:3:4:5:6 | | 2001:dc8:1:2::",
        "| 2001:dc8:1:2:ffff:: | | 2001:dc8:1:2::",
      })
  void clientIsTheLastUntrustedHop(String trusted, String from, String forwarded, String client) {
    ClientAddress addresses = new ClientAddress(trusted == null ? "" : trusted);
    assertThat(addresses.of(from, forwardedFor(forwarded))).isEqualTo(client);
  }

  @Test
  void lastUntrustedAddressOfListIsTheClient() {
    ClientAddress addresses = new ClientAddress("10.0.0.1");
    assertThat(addresses.of("10.0.0.1", forwardedFor("203.0.113.9, 198.51.100.7")))
        .isEqualTo("198.51.100.7");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"a", "10.0.0", "10.0.0.0/33", "10.0.0.0/x", "10.0.0.0/-1", "::1/129", "localhost"})
  void invalidNetworksAreRejected(String list) {
    assertThat(ClientAddress.areNetworks(list)).isFalse();
  }

  @Test
  void networkListsAreAccepted() {
    assertAll(
        () -> assertThat(ClientAddress.areNetworks("")).isTrue(),
        () -> assertThat(ClientAddress.areNetworks("127.0.0.1")).isTrue(),
        () ->
            assertThat(ClientAddress.areNetworks("127.0.0.1, ::1 ,10.0.0.0/8,fd00::/8,0.0.0.0/0"))
                .isTrue());
  }
}
