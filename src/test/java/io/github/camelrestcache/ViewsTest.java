package io.github.camelrestcache;

import static io.github.camelrestcache.Service.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.standin.GitHubStandIn;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ViewsTest {

  private static GitHubStandIn github;
  private static Service service;

  @BeforeAll
  static void start() {
    github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    service = Service.start(github).ready();
  }

  @AfterAll
  static void stop() {
    service.close();
    github.close();
  }

  @Test
  void theTopIsDescendingWithNumbersAsNumbers() {
    var rows = json(service.get("/view/top/5/stars"));
    assertThat(rows).hasSize(5);
    assertThat(rows.get(0).get(1).isInt()).isTrue();
    assertThat(rows.get(0).get(1).asInt()).isGreaterThanOrEqualTo(rows.get(4).get(1).asInt());
  }
}
