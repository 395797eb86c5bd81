package io.github.camelrestcache.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.CachedEndpoint.Shape;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.store.Packing.Piece;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

class NearTest {

  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

  private final Near near = near("1MB");

  private static Near near(String size) {
    return new Near(
        DataSize.parse(size).toBytes(),
        new Catalog(new DefaultCamelContext()),
        Clock.systemUTC(),
        new Meters(new SimpleMeterRegistry()));
  }

  private static CachedEndpoint endpoint(String path, Shape shape) {
    return new CachedEndpoint(
        "id",
        "What it is.",
        path,
        path,
        shape,
        "",
        "",
        Duration.ofMinutes(5),
        Set.of(),
        "a.yaml:1");
  }

  /** Keeps an entry as the routes do, and returns whether it was new. */
  private boolean kept(CachedEndpoint endpoint, Entry entry) {
    boolean news = near.isNews(endpoint, entry);
    near.keep(endpoint, entry);
    return news;
  }

  private static final CachedEndpoint ORG = endpoint("/orgs/x", Shape.OBJECT);

  private static Entry entry(String json, long fence) {
    byte[] body = json.getBytes(UTF_8);
    byte[] packed = Packing.pack(body, 0, body.length);
    Page page = new Page("/x", null, null, 0, packed.length, body.length, null, List.of());
    return Packing.whole(List.of(new Piece(page, packed)), false, "form", NOW, fence);
  }

  @Test
  void newestEntryIsKeptInAnyOrder() {
    assertThat(kept(ORG, entry("{}", 5))).isTrue();
    assertThat(kept(ORG, entry("{\"a\":1}", 4))).isFalse();
    assertThat(near.entry(ORG).body()).asString().isEqualTo("{}");
    assertThat(kept(ORG, entry("{\"a\":1}", 6))).isTrue();
    assertThat(near.entry(ORG).body()).asString().isEqualTo("{\"a\":1}");
    assertThat(kept(ORG, entry("{\"a\":1}", 7))).as("the same content is not new").isFalse();
    assertThat(kept(ORG, null)).isFalse();
  }

  @Test
  void validatedEntryIsNotReloaded() {
    near.keep(ORG, entry("{}", 5));
    Instant later = NOW.plusSeconds(60);
    Entry validated = entry("{}", 5).validated(later, 6);
    assertThat(near.isOutdated(ORG, validated)).isFalse();
    near.validate(ORG, validated);
    assertThat(near.entry(ORG).fetched()).isEqualTo(later);
    assertThat(near.entry(ORG).fence()).isEqualTo(6);
  }

  @Test
  void rewrittenEntryIsReloaded() {
    near.keep(ORG, entry("{}", 5));
    assertThat(near.isOutdated(ORG, entry("{}", 6))).as("its validators may have changed").isTrue();
    assertThat(near.isOutdated(ORG, entry("{}", 4))).isFalse();
    assertThat(near.isOutdated(ORG, null)).isFalse();
    assertThat(near.isOutdated(endpoint("/other", Shape.OBJECT), entry("{}", 1))).isTrue();
  }

  @Test
  void entryMissingOrOlderInRedisIsLost() {
    assertThat(near.isLost(ORG, null)).isFalse();
    near.keep(ORG, entry("{}", 5));
    assertThat(near.isLost(ORG, null)).isTrue();
    assertThat(near.isLost(ORG, entry("{}", 4))).isTrue();
    assertThat(near.isLost(ORG, entry("{}", 5))).isFalse();
  }

  @Test
  void callersWaitOnAfterPurgedEntry() {
    near.forget(ORG, 5);
    CompletableFuture<Void> arrival = near.arrival(ORG.path());

    near.keep(ORG, entry("{}", 5));
    assertThat(arrival).isNotDone();

    near.keep(ORG, entry("{}", 6));
    assertThat(arrival).isCompleted();
  }

  @Test
  void purgedEntryIsNotKeptAgainButLaterOneIs() {
    near.keep(ORG, entry("{}", 5));
    near.forget(ORG, 7);
    assertThat(near.entry(ORG)).isNull();
    assertThat(near.isLost(ORG, null)).as("it is not stored again").isFalse();
    for (long fence : new long[] {5, 7}) {
      assertThat(kept(ORG, entry("{}", fence))).as("loaded before the purge").isFalse();
      assertThat(near.unlessPurged(ORG, entry("{}", fence))).isNull();
    }
    assertThat(near.entry(ORG)).isNull();
    assertThat(near.unlessPurged(ORG, null)).isNull();
    assertThat(kept(ORG, entry("{}", 8))).isTrue();
    assertThat(near.entry(ORG)).isNotNull();
  }

  @Test
  void entryOfAnotherShapeIsIgnored() {
    near.keep(ORG, entry("{}", 5));
    assertThat(near.entry(endpoint("/orgs/x", Shape.LIST))).isNull();
  }

  @Test
  void sizeIsBounded() {
    Near small = near("100KB");
    byte[] noise = new byte[40_000];
    for (int i = 0; i < 20; i++) {
      new Random(i).nextBytes(noise);
      String json = "\"" + HexFormat.of().formatHex(noise) + "\"";
      small.keep(endpoint("/" + i, Shape.OBJECT), entry(json, 1));
    }
    int[] kept = {0};
    await()
        .until(
            () -> {
              kept[0] = 0;
              for (int i = 0; i < 20; i++) {
                kept[0] += small.entry(endpoint("/" + i, Shape.OBJECT)) == null ? 0 : 1;
              }
              return kept[0] <= 2;
            });
    assertThat(kept[0]).isPositive();
  }
}
