package io.github.camelrestcache;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.standin.GitHubStandIn;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.Leftovers;
import io.github.camelrestcache.store.RedisConnection;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.Test;

class LeftoversTest {

  @Test
  void whatNoInstanceHasDeclaredForADayIsRemoved() {
    try (GitHubStandIn github = GitHubStandIn.builder().limits(1_000, 1_000).build().start();
        Service service = Service.start(github).ready()) {
      var redis = Stored.in(service);
      String declared = "camel-rest-cache:3:" + github.url() + ":declared";
      String old = Stored.endpoint(github, "/orgs/old");
      String recent = Stored.view(github, "old");
      String own = Stored.endpoint(github, "/orgs/Netflix");
      await().until(() -> score(service, declared, own) != null);

      String states = "camel-rest-cache:3:" + github.url() + ":refreshes";
      redis.opsForHash().put(states, "/orgs/old", "{}".getBytes(UTF_8));
      double day = Duration.ofDays(1).toMillis();
      double now = score(service, declared, own);
      for (String key : new String[] {old, recent}) {
        redis.opsForHash().put(key, "gzip", "x".getBytes(UTF_8));
      }
      redis.opsForZSet().add(declared, old.getBytes(UTF_8), now - day - 1);
      redis.opsForZSet().add(declared, recent.getBytes(UTF_8), now - day + 600_000);
      redis.opsForZSet().add(declared, own.getBytes(UTF_8), now - 2 * day);

      service.context().getRegistry().findSingleByType(Leftovers.class).remove();

      assertThat(redis.hasKey(old)).isFalse();
      assertThat(redis.opsForHash().hasKey(states, "/orgs/old")).isFalse();
      assertThat(score(service, declared, old)).isNull();
      assertThat(redis.hasKey(recent)).isTrue();
      assertThat(redis.hasKey(own)).isTrue();
    }
  }

  @Test
  void nothingNeedsToBeDeclared() {
    try (GitHubStandIn github = GitHubStandIn.builder().limits(1_000, 1_000).build().start();
        Service service = Service.start(github)) {
      var redis = service.context().getRegistry().findSingleByType(RedisConnection.class);
      Catalog none = new Catalog(new DefaultCamelContext());
      Keys keys = new Keys(URI.create("http://other.example"));

      new Leftovers(redis, keys, none, Clock.systemUTC()).remove();

      assertThat(redis.hasKey(keys.of("declared"))).isFalse();
    }
  }

  private static Double score(Service service, String key, String member) {
    return Stored.in(service).opsForZSet().score(key, member.getBytes(UTF_8));
  }
}
