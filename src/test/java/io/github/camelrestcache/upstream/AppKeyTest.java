package io.github.camelrestcache.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.camelrestcache.Pem;
import io.github.camelrestcache.base.BadConfiguration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AppKeyTest {

  @TempDir private Path folder;

  private Path file(String content) throws IOException {
    return Files.writeString(folder.resolve("key.pem"), content);
  }

  @ParameterizedTest
  @ValueSource(ints = {1024, 2048})
  void keysInPkcs1AndPkcs8AreRead(int bits) throws Exception {
    KeyPair pair = Pem.pair("RSA", bits);
    for (String pem : List.of(Pem.pkcs1(pair), Pem.pkcs8(pair), "A note\r\n" + Pem.pkcs1(pair))) {
      assertThat(AppKey.read(file(pem)).key()).isEqualTo(pair.getPrivate());
      assertThat(AppKey.read(file(pem.replace("\n", "\r\n"))).key()).isEqualTo(pair.getPrivate());
    }
  }

  @Test
  void tokenIsSignedAndEndsWithinTenMinutes() throws Exception {
    KeyPair pair = Pem.pair("RSA", 2048);
    Instant now = Instant.parse("2026-01-01T00:00:00.9Z");

    String[] token = AppKey.read(file(Pem.pkcs1(pair))).token("Iv23li-a.B_c", now).split("\\.");

    assertThat(json(token[0]).toString()).isEqualTo("{\"alg\":\"RS256\",\"typ\":\"JWT\"}");
    JsonNode claims = json(token[1]);
    assertThat(claims.path("iss").asText()).isEqualTo("Iv23li-a.B_c");
    assertThat(claims.path("iat").asLong()).isEqualTo(now.getEpochSecond() - 60);
    assertThat(claims.path("exp").asLong()).isEqualTo(now.getEpochSecond() + 540);
    Signature signature = Signature.getInstance("SHA256withRSA");
    signature.initVerify(pair.getPublic());
    signature.update((token[0] + "." + token[1]).getBytes());
    assertThat(signature.verify(Base64.getUrlDecoder().decode(token[2]))).isTrue();
    assertThat(token).hasSize(3).noneMatch(part -> part.contains("="));
  }

  private static JsonNode json(String part) throws IOException {
    return new ObjectMapper().readTree(Base64.getUrlDecoder().decode(part));
  }

  @Test
  void everythingElseIsRejectedWithoutItsContent() throws Exception {
    KeyPair pair = Pem.pair("RSA", 2048);
    KeyPair curve = KeyPairGenerator.getInstance("EC").generateKeyPair();
    String good = Pem.pkcs1(pair);
    for (String bad :
        List.of(
            "",
            "s3cret",
            Pem.of("PUBLIC KEY", pair.getPublic().getEncoded()),
            Pem.of("ENCRYPTED PRIVATE KEY", pair.getPrivate().getEncoded()),
            Pem.pkcs8(curve),
            Pem.of("RSA PRIVATE KEY", pair.getPrivate().getEncoded()),
            Pem.of("PRIVATE KEY", "s3cret".repeat(60_000).getBytes()),
            Pem.of("RSA PRIVATE KEY", "s3cret".repeat(60_000).getBytes()),
            good.substring(0, 900),
            good.substring(0, 900) + good.substring(950))) {
      assertThat(refusal(file(bad)))
          .startsWith("GITHUB_APP_PRIVATE_KEY_FILE: its content is not a ")
          .hasSizeLessThan(120)
          .doesNotContain("s3cret");
    }
    assertThat(refusal(folder.resolve("none")))
        .isEqualTo("GITHUB_APP_PRIVATE_KEY_FILE cannot be read (NoSuchFileException)");
  }

  private static String refusal(Path file) {
    BadConfiguration bad = catchThrowableOfType(BadConfiguration.class, () -> AppKey.read(file));
    assertThat(bad).isNotNull().hasNoCause();
    return bad.getMessage();
  }
}
