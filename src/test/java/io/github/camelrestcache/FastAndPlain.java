package io.github.camelrestcache;

import io.github.camelrestcache.standin.GitHubStandIn;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;

/** Two services before one GitHub: with the fast lane, and without it. */
abstract class FastAndPlain {

  static GitHubStandIn github;
  static Service fast;
  static Service plain;

  /** Starts both with these settings. */
  static void start(GitHubStandIn standIn, Map<String, String> settings) {
    github = standIn;
    fast = Service.start(github, settings).ready();
    Map<String, String> slow = new HashMap<>(settings);
    slow.put("fast.lane", "false");
    plain = Service.start(github, slow).ready();
  }

  @AfterAll
  static void stop() {
    fast.close();
    plain.close();
    github.close();
  }
}
