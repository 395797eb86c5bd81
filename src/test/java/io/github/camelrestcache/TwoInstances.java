package io.github.camelrestcache;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;

/** Two instances on one Redis, and a caller of each test's own. */
abstract class TwoInstances {

  static GitHubStandIn github;
  static OwnRedis redis;
  static Service one;
  static Service two;

  String mine;

  /** Starts both, with few refreshes, before a GitHub that knows the service's token, if any. */
  static void start(Map<String, String> settings) {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    if (settings.containsKey("github.api.token")) {
      github.addToken(settings.get("github.api.token"), "robot");
    }
    redis = OwnRedis.start();
    Map<String, String> all = new HashMap<>(settings);
    all.put("redis.url", redis.url());
    all.put("refresh.interval", "1h");
    one = Service.start(github, all).ready();
    two = Service.start(github, all).ready();
  }

  @AfterAll
  static void stop() {
    one.close();
    two.close();
    redis.close();
    github.close();
  }

  /** Limits apply per credential, so each test uses its own. */
  @BeforeEach
  void takeAnotherToken() {
    github.reset();
    mine = UUID.randomUUID().toString();
    github.addToken(mine, "me");
  }

  HttpResponse<String> get(Service service, String target) {
    return service.get(target, "Authorization", "Bearer " + mine);
  }
}
