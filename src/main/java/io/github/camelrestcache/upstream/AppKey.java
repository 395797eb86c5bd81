package io.github.camelrestcache.upstream;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.github.camelrestcache.base.BadConfiguration;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The private key of a GitHub App, in PEM (RFC 7468). */
record AppKey(PrivateKey key) {

  private static final Pattern PEM =
      Pattern.compile("-----BEGIN (RSA )?PRIVATE KEY-----([\\sA-Za-z0-9+/=]+)-----END ");

  private static final String NOT_PEM =
      "its content is not a private key in PEM, such as GitHub generates for an App";

  /** Version 0, and the algorithm rsaEncryption without parameters (RFC 5208 5, RFC 8017 A.1). */
  private static final byte[] PKCS8_RSA =
      HexFormat.of().parseHex("020100300d06092a864886f70d0101010500");

  /**
   * Reads a key in the form of PKCS #1, as GitHub generates it, or of PKCS #8.
   *
   * @throws BadConfiguration if the file contains no such key; the message has nothing of the file
   */
  static AppKey read(Path file) {
    String reason;
    try {
      Matcher pem = PEM.matcher(Files.readString(file, US_ASCII));
      if (pem.find()) {
        byte[] der = Base64.getMimeDecoder().decode(pem.group(2));
        byte[] pkcs8 = pem.group(1) == null ? der : der(0x30, PKCS8_RSA, der(0x04, der));
        KeyFactory rsa = KeyFactory.getInstance("RSA");
        return new AppKey(rsa.generatePrivate(new PKCS8EncodedKeySpec(pkcs8)));
      }
      reason = NOT_PEM;
    } catch (CharacterCodingException e) {
      reason = NOT_PEM;
    } catch (IOException e) {
      throw BadConfiguration.unreadable("GITHUB_APP_PRIVATE_KEY_FILE", e);
    } catch (GeneralSecurityException | RuntimeException e) {
      reason = "its content is not a valid RSA key";
    }
    throw new BadConfiguration("GITHUB_APP_PRIVATE_KEY_FILE: " + reason);
  }

  /** A DER value (X.690) of 256 bytes or more, as those of RSA keys are. */
  private static byte[] der(int tag, byte[]... parts) {
    ByteBuffer content = ByteBuffer.allocate(1 << 16);
    for (byte[] part : parts) {
      content.put(part);
    }
    content.flip();
    return ByteBuffer.allocate(4 + content.limit())
        .put((byte) tag)
        .put((byte) 0x82)
        .putShort((short) content.limit())
        .put(content)
        .array();
  }

  /**
   * A JSON Web Token that proves to be the App for nine minutes. It begins a minute ago because
   * clocks differ. See GitHub's "Generating a JSON Web Token (JWT) for a GitHub App".
   *
   * @param app the id or client id of the App
   */
  String token(String app, Instant now) {
    long second = now.getEpochSecond();
    String signed =
        part("{\"alg\":\"RS256\",\"typ\":\"JWT\"}".getBytes(US_ASCII))
            + '.'
            + part(
                "{\"iat\":%d,\"exp\":%d,\"iss\":\"%s\"}"
                    .formatted(second - 60, second + 540, app)
                    .getBytes(US_ASCII));
    try {
      Signature signature = Signature.getInstance("SHA256withRSA");
      signature.initSign(key);
      signature.update(signed.getBytes(US_ASCII));
      return signed + '.' + part(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("The private key of the GitHub App cannot sign", e);
    }
  }

  private static String part(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
