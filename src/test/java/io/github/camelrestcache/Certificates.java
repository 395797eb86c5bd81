package io.github.camelrestcache;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.Base64;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Self-signed certificates for 127.0.0.1 and localhost, made by the JDK's keytool. */
final class Certificates {

  private static final char[] PASSWORD = "password".toCharArray();

  private Certificates() {}

  /** A certificate and its key as PEM texts. */
  record Pair(Certificate certificate, String certificatePem, String keyPem) {

    void writeTo(Path certificateFile, Path keyFile) throws IOException {
      Files.writeString(certificateFile, certificatePem);
      Files.writeString(keyFile, keyPem);
    }
  }

  /**
   * Makes a pair.
   *
   * @param algorithm RSA or EC
   */
  static Pair make(Path folder, String algorithm) {
    try {
      Path file = Files.createTempFile(folder, "store", ".p12");
      Files.delete(file);
      run(
          Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
          "-genkeypair",
          "-alias",
          "a",
          "-keyalg",
          algorithm,
          "-dname",
          "CN=localhost",
          "-ext",
          "san=ip:127.0.0.1,dns:localhost",
          "-validity",
          "2",
          "-storetype",
          "PKCS12",
          "-storepass",
          new String(PASSWORD),
          "-keystore",
          file.toString());
      KeyStore store = KeyStore.getInstance("PKCS12");
      try (InputStream in = Files.newInputStream(file)) {
        store.load(in, PASSWORD);
      }
      Certificate certificate = store.getCertificate("a");
      return new Pair(
          certificate,
          pem("CERTIFICATE", certificate.getEncoded()),
          pem("PRIVATE KEY", store.getKey("a", PASSWORD).getEncoded()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void run(String... command) throws IOException {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes());
      if (process.waitFor() != 0) {
        throw new IllegalStateException(output);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static String pem(String label, byte[] content) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(
            label, Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content), label);
  }

  /** Trusts these certificates and no others. */
  static SSLContext trusting(Pair... pairs) {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      for (Pair pair : pairs) {
        store.setCertificateEntry(Integer.toString(store.size()), pair.certificate());
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
