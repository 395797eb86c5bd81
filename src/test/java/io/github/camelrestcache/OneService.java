package io.github.camelrestcache;

import io.github.camelrestcache.standin.GitHubStandIn;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;

/** One service for the tests of a class, which forgets between them what it has forwarded. */
abstract class OneService {

  static GitHubStandIn github;
  static Service service;

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  @BeforeEach
  void forget() {
    Stored.forgetForwarded(service);
    github.clearRequests();
  }
}
