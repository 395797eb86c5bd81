package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.camelrestcache.standin.GitHubStandIn.Handle;
import io.github.camelrestcache.standin.Recorded;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A list is never published in part: whatever GitHub sends for a page, the last good list is
 * served, the healthcheck gives the reason, and the list is current again once GitHub recovers. The
 * list has three pages.
 */
class RefreshTest extends Refreshing {
  @ParameterizedTest
  @MethodSource("badPages")
  void badPageKeepsLastGoodList(
      String what, String reason, BiConsumer<Recorded, HttpServerRequest> bad) {
    assertListStays(reason, secondPage(), bad);
  }

  @Test
  void tooManyPagesAreAFailure() {
    assertListStays(
        "more than 4 pages.*REFRESH_MAX_PAGES",
        asked -> asked.path().equals(BY_NUMBER),
        (asked, request) -> {
          int page = Integer.parseInt(asked.parameters().get("page"));
          next(BY_NUMBER + "?per_page=100&page=" + (page + 1)).accept(request.response());
        });
    assertThat(github.requests()).noneMatch(asked -> "5".equals(asked.parameters().get("page")));
  }

  @Test
  void rejectedTokenIsReported() {
    github.removeToken(TOKEN);
    await()
        .atMost(SOON)
        .until(() -> failures().allMatch(f -> f.asText().contains("GITHUB_API_TOKEN")));

    assertThat(service.get("/healthcheck").statusCode()).isEqualTo(200);
    assertThat(service.get(REPOS).statusCode()).isEqualTo(200);
    assertThat(failure(ORG)).contains("401").doesNotContain(TOKEN);
  }

  @Test
  void unknownOrganizationIsReported() {
    Handle unknown =
        github.override(
            asked -> asked.path().equals(ORG),
            (asked, request) -> request.response().setStatusCode(404).end("{}"));
    soon().until(() -> failure(ORG) != null);
    unknown.close();

    assertThat(failure(ORG)).contains(ORG).contains("404").contains("GITHUB_ORG");
    assertThat(service.get(ORG).statusCode()).isEqualTo(200);
  }

  @Test
  void exhaustedRateLimitPausesUntilReset() {
    github.clearRequests();
    Instant spent = Instant.now();
    github.budget(0, Duration.ofSeconds(2));
    await().atMost(SOON).until(() -> failures().allMatch(f -> f.asText().contains("is spent")));

    assertThat(failure(REPOS)).matches(".*until \\d\\d:\\d\\d:\\d\\d UTC \\(403.*");
    soon().until(() -> failures().allMatch(JsonNode::isNull));
    assertThat(firstPages())
        .filteredOn(time -> time.isAfter(spent.plusMillis(700)))
        .isNotEmpty()
        .allMatch(time -> time.isAfter(spent.plusMillis(1900)));
  }

  @Test
  void retryAfterIsObeyed() {
    github.secondaryLimit(2);
    soon().until(() -> failures().allMatch(f -> f.asText().contains("asks to wait")));
    github.secondaryLimit(0);
    Instant refused = firstPages().get(firstPages().size() - 1);

    assertThat(failure(REPOS)).matches(".*until \\d\\d:\\d\\d:\\d\\d UTC \\(403.*");
    soon().until(() -> failures().allMatch(JsonNode::isNull));
    assertThat(firstPages())
        .filteredOn(time -> time.isAfter(refused))
        .isNotEmpty()
        .allMatch(time -> time.isAfter(refused.plusMillis(1900)));
  }
}
