package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The files with certificate and key can be replaced at run time, and are checked at the start. */
class TlsFilesTest {

  private static final Duration SOON = Duration.ofSeconds(20);

  @TempDir private static Path folder;
  private static Certificates.Pair rsa;
  private static Certificates.Pair ec;
  private static Path certificateFile;
  private static Path keyFile;
  private static GitHubStandIn github;
  private static Service service;

  @BeforeAll
  static void start() throws IOException {
    rsa = Certificates.make(folder, "RSA");
    ec = Certificates.make(folder, "EC");
    certificateFile = folder.resolve("certificate.pem");
    keyFile = folder.resolve("key.pem");
    rsa.writeTo(certificateFile, keyFile);
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    service =
        Service.start(
            github,
            Map.of(
                "tls.certificate.file",
                certificateFile.toString(),
                "tls.key.file",
                keyFile.toString()));
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  /** A connection without a session to resume. */
  private static SSLSocket connect() throws IOException {
    return (SSLSocket)
        Certificates.trusting(rsa, ec).getSocketFactory().createSocket("127.0.0.1", service.port());
  }

  private static void replace(Path file, String content) throws IOException {
    Path next = Files.writeString(folder.resolve("next"), content);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private static Certificate presented() throws IOException {
    try (SSLSocket socket = connect()) {
      return socket.getSession().getPeerCertificates()[0];
    }
  }

  @Test
  void replacedFilesAreUsedWithoutRestart() throws Exception {
    try (LogLines log = LogLines.of("io.github.camelrestcache.http.TlsKey");
        Socket open = connect()) {
      open.setSoTimeout(20_000);
      ask(open);
      assertThat(presented()).isEqualTo(rsa.certificate());

      replace(certificateFile, ec.certificatePem());
      await().atMost(SOON).until(() -> log.lines().size() == 1);
      replace(keyFile, ec.keyPem().substring(0, 60));
      await()
          .during(Duration.ofMillis(1500))
          .atMost(SOON)
          .until(() -> presented().equals(rsa.certificate()));
      assertThat(log.lines()).hasSize(1).allMatch(line -> line.contains("TLS_KEY_FILE"));

      replace(keyFile, ec.keyPem());
      await().atMost(SOON).until(() -> presented().equals(ec.certificate()));
      ask(open);

      Files.delete(keyFile);
      await().atMost(SOON).until(() -> log.lines().size() == 3);
      assertThat(presented()).isEqualTo(ec.certificate());
      assertThat(log.lines().get(2)).contains("TLS_KEY_FILE cannot be read (NoSuchFileException)");

      rsa.writeTo(certificateFile, keyFile);
      await().atMost(SOON).until(() -> presented().equals(rsa.certificate()));
      ask(open);
      assertThat(log.lines()).noneMatch(line -> line.contains(folder.toString()));
    }
  }

  private static void ask(Socket open) throws IOException {
    open.getOutputStream()
        .write("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    InputStream in = open.getInputStream();
    assertThat(in.read()).isEqualTo('H');
    in.skipNBytes(in.available());
  }

  @Test
  void noHandshakeFailsWhileFilesAreReplaced() throws Exception {
    for (Certificates.Pair next : List.of(ec, rsa)) {
      next.writeTo(certificateFile, keyFile);
      await()
          .pollInterval(Duration.ofMillis(1))
          .atMost(SOON)
          .until(() -> presented().equals(next.certificate()));
    }
  }

  static Stream<String[]> unusable() {
    return Stream.of(
        new String[] {
          rsa.certificatePem(), ec.keyPem(), "TLS_KEY_FILE has no unencrypted RSA or EC key"
        },
        new String[] {rsa.certificatePem(), Certificates.make(folder, "RSA").keyPem(), "fits"},
        new String[] {rsa.certificatePem(), "", "TLS_KEY_FILE has no"},
        new String[] {rsa.certificatePem(), null, "TLS_KEY_FILE cannot be read (NoSuchFile"},
        new String[] {"", rsa.keyPem(), "TLS_CERTIFICATE_FILE has no certificate in PEM form"},
        new String[] {"-----BEGIN CERTIFICATE-----\n", rsa.keyPem(), "TLS_CERTIFICATE_FILE has no"},
        new String[] {null, rsa.keyPem(), "TLS_CERTIFICATE_FILE cannot be read (NoSuchFile"});
  }

  @ParameterizedTest
  @MethodSource("unusable")
  void unusableFilePreventsStart(String certificate, String key, String why) throws IOException {
    Path own = Files.createTempDirectory(folder, "unusable");
    Path certificates = own.resolve("c.pem");
    Path keys = own.resolve("k.pem");
    if (certificate != null) {
      Files.writeString(certificates, certificate);
    }
    if (key != null) {
      Files.writeString(keys, key);
    }
    assertThat(refusal(certificates.toString(), keys.toString()))
        .contains("TLS_CERTIFICATE_FILE is '" + certificates, "TLS_KEY_FILE is '" + keys, why);
  }

  @Test
  void oneFileAlonePreventsStart() {
    assertThat(refusal("c.pem", "")).contains("TLS_KEY_FILE is ''", "both or neither");
    assertThat(refusal("", "k.pem")).contains("TLS_KEY_FILE is 'k.pem'", "both or neither");
  }

  private static String refusal(String certificate, String key) {
    Map<String, String> files = Map.of("tls.certificate.file", certificate, "tls.key.file", key);
    String[] sentence = new String[1];
    assertThatThrownBy(() -> Service.start(github, files))
        .satisfies(failure -> sentence[0] = BadConfiguration.sentence(failure));
    return sentence[0];
  }
}
