package io.github.camelrestcache.serve;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.cache.Fresh;
import io.github.camelrestcache.store.Changes;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What may be held in memory. */
class HeldResponseTest {

  @ParameterizedTest
  @ValueSource(strings = {"Link", "Location", "Content-Type", "X-Any"})
  void invalidFieldIsRefusedBeforeItIsHeld(String name) {
    HttpFields fields = new HttpFields().add(name, "<http://a/\u000b>");
    Changes.Stamp stamp = new Changes().stamp("/a");
    Fresh response = new Fresh("key", "nobody", 200, fields, new byte[0], Set.of(), stamp, 0, 60);
    assertThatThrownBy(() -> new HeldResponse(response)).isInstanceOf(Problem.class);
  }
}
