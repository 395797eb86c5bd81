package io.github.camelrestcache;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Arrays;
import java.util.Base64;

/** Private keys in PEM (RFC 7468). */
public final class Pem {

  /** What PKCS #8 has before the PKCS #1 form of a key of 1024 bits or more. */
  private static final int PKCS8_HEAD = 26;

  private Pem() {}

  public static KeyPair pair(String algorithm, int bits) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
      generator.initialize(bits);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The form in which GitHub generates the keys of Apps. */
  public static String pkcs1(KeyPair rsa) {
    byte[] pkcs8 = rsa.getPrivate().getEncoded();
    return of("RSA PRIVATE KEY", Arrays.copyOfRange(pkcs8, PKCS8_HEAD, pkcs8.length));
  }

  public static String pkcs8(KeyPair pair) {
    return of("PRIVATE KEY", pair.getPrivate().getEncoded());
  }

  public static String of(String label, byte[] der) {
    String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(label, lines, label);
  }
}
