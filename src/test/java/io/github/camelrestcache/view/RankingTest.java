package io.github.camelrestcache.view;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.catalog.View;
import io.github.camelrestcache.store.Entries;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Ranked;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RankingTest {

  private static final View VIEW = view("v", "name");

  private final Ranking ranking = new Ranking(List::of);

  private static View view(String field, String label) {
    List<String> lists = List.of("/orgs/x/repos");
    return new View(
        "What it is.", "x", lists, List.of(), field, label, List.of(), null, "v.yaml:7");
  }

  private static List<Entry> list(String json) {
    return List.of(Entries.of("1", json));
  }

  private String top(String json) {
    return first(json, 100_000, true);
  }

  private String first(String json, int n, boolean descending) {
    return new String(ranking.rank(VIEW, list(json)).first(n, descending), UTF_8);
  }

  /** {@code a=1 b} as a list of items: name and value, or a name only. */
  private static String items(String pairs) {
    StringBuilder items = new StringBuilder();
    for (String pair : pairs.split(" ")) {
      String[] both = pair.split("=", 2);
      items.append(items.isEmpty() ? "" : ",").append("{\"name\":\"").append(both[0]).append('"');
      items.append(both.length == 2 ? ",\"v\":" + both[1] : "").append('}');
    }
    return "[" + items + "]";
  }

  private static String names(String rows) {
    return rows.replaceAll("[\\[\\]]*\\[\"([^\"]*)\",[^\\]]*\\]*,?", "$1").replace("[]", "");
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "by value,            b=1 a=3 c=2,                              acb, bca",
        "ties by name,        d=1 b=2 a=2 c=1,                          abcd, cdab",
        "missing last,        z b=2 a c=1,                              bcaz, cbaz",
        "null is missing,     z=null b=2 a c=0,                         bcaz, cbaz",
        "nested is missing,   z={} b=-2 a=[1] c=0,                      cbaz, bcaz",
        "strings by code,     a=\"2020\" b=\"2021\" c=\"B\" d=\"a\",    dcba, abcd",
        "booleans,            a=false b=true c=false,                   bac, acb",
        "numbers of any size, a=1e400 b=-1e400 c=12345678901234567891 d=12345678901234567890,"
            + " acdb, bdca",
        "1.0 is 1,            b=1 a=1.0 c=1.00 d=10e-1,                 abcd, abcd",
        "not as text,         a=9 b=10 c=-1,                            bac, cab",
        "mixed kinds,         a=true b=\"x\" c=1,                       abc, cba",
      })
  void topIsDescendingAndBottomAscending(String what, String pairs, String top, String bottom) {
    assertThat(names(first(items(pairs), 100, true))).as("top").isEqualTo(top);
    assertThat(names(first(items(pairs), 100, false))).as("bottom").isEqualTo(bottom);
  }

  @Test
  void rowsAreLabelAndOriginalValue() {
    String list =
        """
        [{"v":1.0,"name":"a"}, {"name":"é\\n\\"\\u00e9🚀","v":1.00},
         {"name":"t","deep":{"name":"no","v":5},"v":"2024-01-01T00:00:00Z"},
         {"name":"n","v":1E400},{"name":"b","v":true},{"name":"m"}]
        """;
    // Jackson escapes characters beyond the BMP, which is equivalent JSON
    assertThat(top(list).replace("\\uD83D\\uDE80", "🚀"))
        .isEqualTo(
            "[[\"b\",true],[\"t\",\"2024-01-01T00:00:00Z\"],[\"n\",1E400],[\"a\",1.0],"
                + "[\"é\\n\\\"é🚀\",1.00],[\"m\",null]]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1      | [[\"a\",3]]                     | [[\"c\",1]]",
        "2      | [[\"a\",3],[\"b\",2]]           | [[\"c\",1],[\"b\",2]]",
        "3      | [[\"a\",3],[\"b\",2],[\"c\",1]] | [[\"c\",1],[\"b\",2],[\"a\",3]]",
        "100000 | [[\"a\",3],[\"b\",2],[\"c\",1]] | [[\"c\",1],[\"b\",2],[\"a\",3]]",
      })
  void nLimitsTheRows(int n, String top, String bottom) {
    assertThat(first(items("b=2 c=1 a=3"), n, true)).isEqualTo(top);
    assertThat(first(items("b=2 c=1 a=3"), n, false)).isEqualTo(bottom);
  }

  @Test
  void emptyListHasEmptyRanking() {
    assertThat(first("[]", 5, true)).isEqualTo("[]");
    assertThat(first(" [ ] ", 1, false)).isEqualTo("[]");
  }

  @Test
  void labelFieldIsConfigurable() {
    Ranked ranked = ranking.rank(view("id", "login"), list("[{\"login\":\"x\",\"id\":7}]"));
    assertThat(ranked.first(1, true)).asString(UTF_8).isEqualTo("[[\"x\",7]]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[{\"v\":1}]",
        "[{\"name\":null}]",
        "[{\"name\":{},\"v\":1}]",
        "[{\"name\":\"a\"},{}]"
      })
  void itemWithoutLabelIsRejectedAndReportedUntilRanked(String json) {
    Problem problem = catchThrowableOfType(Problem.class, () -> ranking.rank(VIEW, list(json)));
    assertThat(problem)
        .hasMessage(
            "The view 'x' cannot rank /orgs/x/repos: an item has no 'name':"
                + " set label to another field");
    assertThat(problem.status()).isEqualTo(503);
    assertThat(ranking.failure(VIEW)).isEqualTo(problem.getMessage());
    ranking.rank(VIEW, List.of(Entries.of("w2", "[]")));
    assertThat(ranking.failure(VIEW)).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"[1]", "[\"a\"]", "[null]", "[[]]", "[{\"name\":\"a\"},[]]"})
  void nonObjectItemsAreRejected(String json) {
    assertThat(catchThrowableOfType(Problem.class, () -> ranking.rank(VIEW, list(json))))
        .hasMessageContaining("not objects");
  }

  @Test
  void incomparableNumberIsRejected() {
    String json = items("a=1 b=1e99999999999");
    assertThat(catchThrowableOfType(Problem.class, () -> ranking.rank(VIEW, list(json))))
        .hasMessageContaining("1e99999999999");
  }

  @Test
  void rankingOfMissingListIsOutdated() {
    assertThat(ranking.isOutdated(VIEW, null, ranking.rank(VIEW, list("[]")))).isTrue();
  }

  @Test
  void rankingIsOutdatedWhenListOrViewChanges() {
    Ranked ranked = ranking.rank(VIEW, list("[]"));
    List<Entry> newer = List.of(Entries.of("2", "[]"));
    assertThat(ranking.isOutdated(VIEW, list("[]"), ranked)).isFalse();
    assertThat(ranking.isOutdated(VIEW, newer, ranked)).isTrue();
    assertThat(ranking.isOutdated(view("w", "name"), list("[]"), ranked)).isTrue();
    assertThat(ranking.isOutdated(view("v", "login"), list("[]"), ranked)).isTrue();
    assertThat(ranking.isOutdated(VIEW, list("[]"), null)).isTrue();
  }
}
