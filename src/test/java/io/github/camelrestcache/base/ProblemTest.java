package io.github.camelrestcache.base;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Map;
import org.apache.hc.client5.http.ConnectTimeoutException;
import org.apache.hc.core5.http.ConnectionRequestTimeoutException;
import org.apache.hc.core5.http.ProtocolException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.data.redis.RedisConnectionFailureException;

class ProblemTest {

  @Test
  void bodyIsJsonWithStatusTitleAndDetail() throws IOException {
    Problem problem = new Problem(404, "Not found", "There is no \"é🚀\"\n\\view.");
    ObjectMapper json = new ObjectMapper();
    JsonNode expected =
        json.createObjectNode()
            .put("status", 404)
            .put("title", "Not found")
            .put("detail", problem.getMessage());
    assertThat(json.readTree(problem.body())).isEqualTo(expected);
    assertThat(problem.slug()).isEqualTo("not-found");
  }

  @ParameterizedTest
  @CsvSource({"PT0S,1", "PT-5S,1", "PT0.001S,1", "PT1S,1", "PT1.001S,2", "PT10M,600"})
  void retryAfterIsRoundedUpToWholeSeconds(Duration wait, String seconds) {
    Problem problem = new Problem(503, "Not ready", "Wait.").retryAfter(wait);
    assertThat(problem.fields().get("retry-after")).isEqualTo(seconds);
  }

  @Test
  void knownFailureInCauseChainIsAProblem() {
    Map<Exception, Integer> statuses =
        Map.of(
            new Problem(405, "Method not allowed", "Use GET."), 405,
            new RedisConnectionFailureException("down"), 503,
            new ConnectionRequestTimeoutException("busy"), 503,
            new SocketTimeoutException("slow"), 504,
            new ConnectTimeoutException("slow"), 504,
            new ConnectException("refused"), 502,
            new UnknownHostException("x"), 502,
            new IOException("broke off"), 502,
            new ProtocolException("no HTTP"), 502);
    assertThat(statuses)
        .allSatisfy(
            (failure, status) -> {
              Problem problem = Problem.of(new RuntimeException(new Exception(failure)));
              assertThat(problem.status()).isEqualTo(status);
              assertThat(problem.fields().contains("Retry-After")).isEqualTo(status == 503);
            });
  }

  @Test
  void unknownFailureIsNoProblem() {
    assertThat(Problem.of(new NullPointerException())).isNull();
    assertThat(Problem.of(null)).isNull();
  }
}
