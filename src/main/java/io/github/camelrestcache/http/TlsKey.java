package io.github.camelrestcache.http;

import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.base.Settings;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509KeyManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The key and the certificate chain of the client port: the PEM files (RFC 7468) {@code
 * TLS_KEY_FILE} and {@code TLS_CERTIFICATE_FILE}, which may change at run time. Each handshake uses
 * the latest pair; open connections are not affected. Vert.x's own {@code updateSSLOptions} fails
 * connections that are accepted during an update.
 */
public final class TlsKey extends X509ExtendedKeyManager {

  private static final Logger LOG = LoggerFactory.getLogger(TlsKey.class);

  /** In milliseconds. */
  private static final long LOOK_EVERY = 1_000;

  /** A key with its certificates, and the contents of the files; the alias identifies it. */
  private record Pair(
      String alias, PrivateKey key, X509Certificate[] chain, Buffer keyFile, Buffer chainFile) {}

  private final Vertx vertx;
  private final Settings.Tls files;
  private volatile Pair pair;

  /** The pair before, for handshakes that have chosen it already. */
  private volatile Pair previous;

  private String lastFailure;

  /**
   * Reads the files.
   *
   * @throws BadConfiguration if they are not a certificate chain and its key
   */
  public TlsKey(Vertx vertx, Settings.Tls files) {
    this.vertx = vertx;
    this.files = files;
    try {
      pair = read();
    } catch (BadConfiguration e) {
      throw new BadConfiguration(
          "TLS_CERTIFICATE_FILE is '%s' and TLS_KEY_FILE is '%s': %s"
              .formatted(files.certificate(), files.key(), e.getMessage()));
    }
    previous = pair;
    vertx.setPeriodic(LOOK_EVERY, id -> vertx.executeBlocking(Executors.callable(this::look)));
  }

  /** Reads the files again. */
  private void look() {
    try {
      Pair now = read();
      if (now != pair) {
        previous = pair;
        pair = now;
      } else if (lastFailure == null) {
        return;
      }
      LOG.info("Using the certificate that is now in TLS_CERTIFICATE_FILE");
      lastFailure = null;
    } catch (BadConfiguration e) {
      if (!e.getMessage().equals(lastFailure)) {
        LOG.warn("{}. Keeping the previous certificate and key", e.getMessage());
      }
      lastFailure = e.getMessage();
    }
  }

  /** The present pair if the files have not changed. */
  private Pair read() {
    Buffer chain = content("TLS_CERTIFICATE_FILE", files.certificate());
    Buffer key = content("TLS_KEY_FILE", files.key());
    if (pair != null && chain.equals(pair.chainFile) && key.equals(pair.keyFile)) {
      return pair;
    }
    try {
      new PemTrustOptions().addCertValue(chain).getTrustManagerFactory(vertx);
    } catch (Exception e) {
      throw new BadConfiguration("TLS_CERTIFICATE_FILE has no certificate in PEM form");
    }
    try {
      PemKeyCertOptions pem = new PemKeyCertOptions().addCertValue(chain).addKeyValue(key);
      X509KeyManager read = (X509KeyManager) pem.getKeyManagerFactory(vertx).getKeyManagers()[0];
      return pair(read, key, chain);
    } catch (Exception e) {
      throw new BadConfiguration(
          "TLS_KEY_FILE has no unencrypted RSA or EC key in PEM form that fits the first"
              + " certificate in TLS_CERTIFICATE_FILE");
    }
  }

  private static Buffer content(String variable, Path file) {
    try {
      return Buffer.buffer(Files.readAllBytes(file));
    } catch (IOException e) {
      throw BadConfiguration.unreadable(variable, e);
    }
  }

  private static Pair pair(X509KeyManager read, Buffer keyFile, Buffer chainFile)
      throws GeneralSecurityException {
    String[] aliases = read.getServerAliases("EC", null);
    String alias = (aliases == null ? read.getServerAliases("RSA", null) : aliases)[0];
    PrivateKey key = read.getPrivateKey(alias);
    X509Certificate[] chain = read.getCertificateChain(alias);
    Signature signature =
        Signature.getInstance(aliases == null ? "SHA256withRSA" : "SHA256withECDSA");
    signature.initSign(key);
    byte[] signed = signature.sign();
    signature.initVerify(chain[0].getPublicKey());
    if (!signature.verify(signed)) {
      throw new GeneralSecurityException("another key");
    }
    return new Pair(Long.toString(System.nanoTime()), key, chain, keyFile, chainFile);
  }

  @Override
  public String chooseEngineServerAlias(String keyType, Principal[] issuers, SSLEngine engine) {
    Pair latest = pair;
    return keyType.equals(latest.key.getAlgorithm()) ? latest.alias : null;
  }

  private Pair chosen(String alias) {
    Pair latest = pair;
    return latest.alias.equals(alias) ? latest : previous;
  }

  @Override
  public PrivateKey getPrivateKey(String alias) {
    return chosen(alias).key;
  }

  @Override
  public X509Certificate[] getCertificateChain(String alias) {
    return chosen(alias).chain;
  }

  // not asked by an SSLEngine of a server

  @Override
  public String[] getServerAliases(String keyType, Principal[] issuers) {
    return null;
  }

  @Override
  public String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
    return null;
  }

  @Override
  public String[] getClientAliases(String keyType, Principal[] issuers) {
    return null;
  }

  @Override
  public String chooseClientAlias(String[] keyTypes, Principal[] issuers, Socket socket) {
    return null;
  }
}
