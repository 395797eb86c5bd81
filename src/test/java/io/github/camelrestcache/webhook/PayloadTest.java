package io.github.camelrestcache.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What an event has changed, by its payload. */
class PayloadTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"repository\":{\"id\":42,\"full_name\":\"Netflix/Zuul\"}} | /repos/netflix/zuul /repositories/42",
        "{\"a\":[{\"id\":1}],\"organization\":{\"login\":\"Netflix\",\"id\":7}} | /orgs/netflix /organizations/7",
        "{\"organization\":{\"id\":7},\"repository\":{\"owner\":{\"id\":9},\"id\":42}} | /repositories/42",
        "{\"issue\":{\"repository\":{\"id\":42}}} | ``",
        "{\"repository\":{\"full_name\":{\"id\":1},\"id\":\"42\"}} | ``",
        "payload=%7B%7D | ``",
        "{\"repository\":{\"id\":42,\"full_name\":\"cut | ``",
        "[] | ``",
        "`` | ``"
      })
  void payloadNamesScopes(String payload, String scopes) throws IOException {
    assertThat(String.join(" ", Payload.scopes(new ByteArrayInputStream(payload.getBytes(UTF_8)))))
        .isEqualTo(scopes);
  }
}
