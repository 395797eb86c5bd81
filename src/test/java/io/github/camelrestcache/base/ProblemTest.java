package io.github.camelrestcache.base;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hc.client5.http.ConnectTimeoutException;
import org.apache.hc.core5.http.ConnectionRequestTimeoutException;
import org.apache.hc.core5.http.ProtocolException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.data.redis.RedisConnectionFailureException;

class ProblemTest {

  private static final Pattern TITLE = Pattern.compile("new Problem\\([^,;]+,\\s*\"([^\"]+)\",");

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PAGE =
      "https://github.com/camelrestcache/camel-rest-cache/blob/main/docs/errors.md#";

  private static JsonNode content(Problem.Answer answer) throws IOException {
    return JSON.readTree(answer.content());
  }

  @Test
  void answerHasTheFormOfGitHubsErrorsAndTheMembersOfRfc9457() throws IOException {
    Problem problem = new Problem(404, "Not found", "There is no \"é🚀\"\n\\view.");
    Problem.Answer answer = problem.answer(List.of());
    JsonNode expected =
        JSON.createObjectNode()
            .put("message", problem.getMessage())
            .put("documentation_url", PAGE + "not-found")
            .put("status", "404")
            .put("type", PAGE + "not-found")
            .put("title", "Not found")
            .put("detail", problem.getMessage());
    assertThat(content(answer)).isEqualTo(expected);
    assertThat(answer.fields().get("Content-Type")).isEqualTo("application/json; charset=utf-8");
    assertThat(answer.fields().get("Cache-Status")).endsWith("; detail=not-found");
    assertThat(answer.fields().get("Vary")).isEqualTo("Accept");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "application/problem+json|true",
        "application/json, Application/Problem+JSON;q=0.5|true",
        "application/problem+json;q=0, */*|false",
        "application/vnd.github+json|false",
        "*/*|false",
        "application/*|false"
      })
  void problemJsonIsForClientsThatNameIt(String accept, boolean isNamed) throws IOException {
    Problem.Answer answer =
        new Problem(503, "Not ready", "Wait.").answer(List.of("text/html", accept));
    assertThat(answer.fields().get("Content-Type").equals("application/problem+json"))
        .isEqualTo(isNamed);
    assertThat(content(answer).get("status").isInt()).isEqualTo(isNamed);
    assertThat(content(answer).get("status").asInt()).isEqualTo(503);
  }

  @Test
  void everyTitleHasAHeadingInTheDocumentation() throws IOException {
    Set<String> titles = new TreeSet<>();
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      for (Path file : files.filter(each -> each.toString().endsWith(".java")).toList()) {
        TITLE
            .matcher(Files.readString(file))
            .results()
            .forEach(each -> titles.add("## " + each.group(1)));
      }
    }
    assertThat(Files.readAllLines(Path.of("docs/errors.md")))
        .filteredOn(line -> line.startsWith("## "))
        .containsExactlyInAnyOrderElementsOf(titles);
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
