package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.standin.GitHubStandIn;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Endpoints that are due at the same time do not influence each other. */
@SuppressWarnings("try") // the handles of overrides are only closed
class IndependentRefreshesTest {

  private static final String ORG = "/orgs/Netflix";
  private static final String REPOS = "/orgs/Netflix/repos";
  private static final Duration SOON = Duration.ofSeconds(20);

  @Test
  void failureOfOneEndpointIsNotReportedForTheNext() throws Exception {
    try (GitHubStandIn github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
        Service service = Service.start(github, Map.of("refresh.interval", "1h")).ready();
        var write =
            github.override(
                asked -> asked.method().equals("PATCH"),
                (asked, request) -> request.response().end("{}"));
        var failing =
            github.override(
                asked -> asked.path().equals(ORG),
                (asked, request) -> request.response().setStatusCode(404).end("{}"))) {
      github.clearRequests();
      service.send("PATCH", REPOS); // makes both endpoints due

      await().atMost(SOON).until(() -> outcomes(service, "/orgs/{org}").contains("answer"));
      // a further refresh begins when the first has ended
      await()
          .atMost(SOON)
          .until(
              () -> {
                service.send("PATCH", REPOS);
                return gets(github) > 2;
              });
      assertThat(outcomes(service, "/orgs/{org}/repos")).containsOnly("done");
    }
  }

  private static long gets(GitHubStandIn github) {
    return github.requests().stream()
        .filter(asked -> asked.method().equals("GET") && asked.path().equals(REPOS))
        .count();
  }

  /** How the refreshes of an endpoint have ended. */
  private static Set<String> outcomes(Service service, String template) {
    return service
        .context()
        .getRegistry()
        .findSingleByType(MeterRegistry.class)
        .find("restcache.refresh")
        .timers()
        .stream()
        .map(Meter::getId)
        .filter(id -> template.equals(id.getTag("endpoint")))
        .map(id -> id.getTag("outcome"))
        .collect(Collectors.toSet());
  }
}
