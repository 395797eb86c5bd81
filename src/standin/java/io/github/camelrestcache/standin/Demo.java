package io.github.camelrestcache.standin;

import io.github.camelrestcache.app.App;
import java.util.Map;

/** Runs the application against the stand-in: no token, no Redis and no network are needed. */
public final class Demo {
  private Demo() {}

  /**
   * Runs until the application ends, and then exits with its status.
   *
   * @param args ignored
   * @throws Exception when the application cannot start
   */
  public static void main(String[] args) throws Exception {
    Map<String, String> env = System.getenv();
    String org = env.getOrDefault("GITHUB_ORG", "Netflix");
    String url = "http://localhost:" + env.getOrDefault("PORT", "3000");
    String management = "http://localhost:" + env.getOrDefault("MANAGEMENT_PORT", "9000");
    int status;
    // The stand-in allows 5,000 requests without a token: the hourly 60 would soon be used up.
    try (GitHubStandIn standIn =
        GitHubStandIn.builder().org(org).repositories(150).limits(5_000, 5_000).build().start()) {
      standIn.addToken("demo-token", "octocat", "repo");
      System.out.println(
          """
          curl -i %1$s/healthcheck  # ready?
          curl -i %1$s/view/top/5/forks  # a view
          curl -i %1$s/orgs/%2$s/repos  # a whole list
          curl -i %1$s/repos/%2$s/zuul/issues  # forwarded to GitHub
          curl -i %1$s/user -H 'Authorization: Bearer demo-token'  # with credentials, as octocat
          curl -i %3$s/observe/health  # and /observe/metrics\
          """
              .formatted(url, org, management));
      status =
          App.start(
              Map.of("github.api.url", standIn.url(), "github.api.token", "", "redis.url", ""));
    }
    System.exit(status);
  }
}
