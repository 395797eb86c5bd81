package io.github.camelrestcache.view;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.catalog.Condition;
import io.github.camelrestcache.catalog.View;
import io.github.camelrestcache.catalog.View.Measure;
import io.github.camelrestcache.store.Entries;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Ranked;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Several lists, conditions, more fields and groups, without the routes. */
class ViewKindsTest {

  private static final String ITEMS =
      """
      [{"n":"a","l":"Java","v":1,"w":0.5,"t":"2020","o":{"id":"x"}},
       {"n":"b","l":"Go","v":7,"t":"2024","o":null},
       {"n":"c","l":null,"v":9,"t":"2023","o":{"id":"y"}},
       {"n":"d","l":"Java","v":null,"w":1,"t":"2021","o":{"id":"x"}},
       {"n":"e","l":"Java","v":2,"w":0.25,"t":"2022","o":{"id":"y"}}]
      """;

  private final Ranking ranking = new Ranking(List::of);

  private static View view(
      List<Condition> only, String field, String label, List<String> fields, Measure measure) {
    return new View("", "x", List.of("/a", "/b"), only, field, label, fields, measure, "v:1");
  }

  private static View grouped(Measure measure, String field) {
    return view(List.of(), field, "l", List.of(), measure);
  }

  private String top(View view, String... lists) {
    Ranked ranked =
        ranking.rank(view, Stream.of(lists).map(list -> Entries.of("1", list)).toList());
    return new String(ranked.first(100, true), UTF_8);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "none",
      value = {
        "COUNT | none | [[\"Java\",3],[\"Go\",1]]",
        "SUM   | v    | [[\"Go\",7],[\"Java\",3]]",
        "SUM   | w    | [[\"Java\",1.75],[\"Go\",null]]",
        "AVG   | v    | [[\"Go\",7],[\"Java\",1.5]]",
        "AVG   | w    | [[\"Java\",0.58],[\"Go\",null]]",
        "MAX   | v    | [[\"Go\",7],[\"Java\",2]]",
        "MAX   | t    | [[\"Go\",\"2024\"],[\"Java\",\"2022\"]]",
      })
  void groupHasItsFigure(Measure measure, String field, String rows) {
    assertThat(top(grouped(measure, field), ITEMS)).isEqualTo(rows);
  }

  @Test
  void sameListsAreSortedOnce() {
    List<Entry> lists = List.of(Entries.of("1", ITEMS));
    View view = grouped(Measure.COUNT, null);
    Ranked first = ranking.rank(view, lists);
    assertThat(ranking.rank(view, lists)).isSameAs(first);
    assertThat(ranking.rank(view, List.of(Entries.of("2", ITEMS)))).isNotSameAs(first);
    assertThat(ranking.rank(grouped(Measure.SUM, "v"), lists)).isNotSameAs(first);
  }

  @Test
  void failureHoldsForItsListsAndDeclarationOnly() {
    View view = grouped(Measure.SUM, "t");
    assertThatThrownBy(() -> top(view, ITEMS)).hasMessageContaining("2020 cannot be added");
    assertThat(ranking.failure(view)).contains("2020 cannot be added");
    assertThat(ranking.failure(grouped(Measure.SUM, "v"))).isNull();
    String other = "[{\"l\":\"Java\",\"t\":1}]";
    assertThatThrownBy(() -> top(view, other))
        .as("of the same version")
        .isInstanceOf(Problem.class);
    ranking.rank(view, List.of(Entries.of("2", other)));
    assertThat(ranking.failure(view)).isNull();
  }

  @Test
  void averageOfHundredsHasNoExponent() {
    assertThat(top(grouped(Measure.AVG, "v"), "[{\"l\":\"a\",\"v\":100},{\"l\":\"a\",\"v\":300}]"))
        .isEqualTo("[[\"a\",200]]");
  }

  @ParameterizedTest
  @CsvSource({"t, the value 2020 cannot be added", "h, the value 1E+99999 cannot be added"})
  void valuesThatCannotBeAddedAreReported(String field, String reason) {
    View view = grouped(Measure.SUM, field);
    assertThatThrownBy(() -> top(view, ITEMS.replace("\"w\":0.5", "\"h\":1e99999")))
        .isInstanceOf(Problem.class)
        .hasMessageContaining("The view 'x' cannot rank /a,/b: " + reason);
    assertThat(ranking.failure(view)).contains(reason);
  }

  @Test
  void groupsSpanAllLists() {
    assertThat(top(grouped(Measure.COUNT, null), ITEMS, "[{\"l\":\"Go\"},{\"l\":\"C\"}]"))
        .isEqualTo("[[\"Java\",3],[\"Go\",2],[\"C\",1]]");
  }

  @ParameterizedTest
  @CsvSource({
    "l,    true,  Java, aed",
    "l,    false, Java, cb",
    "l,    true,  null, c",
    "o.id, true,  x,    ad",
    "o.id, true,  null, b",
    "o,    false, null, cead",
    "w,    true,  1,    d"
  })
  void onlyItemsThatMeetTheConditionAreRanked(
      String field, boolean isEqual, String value, String names) {
    View view = view(List.of(new Condition(field, isEqual, value)), "v", "n", List.of(), null);
    assertThat(top(view, ITEMS).replaceAll("[^a-e]|null", "").chars().sorted().toArray())
        .isEqualTo(names.chars().sorted().toArray());
  }

  @Test
  void itemMustMeetAllConditions() {
    List<Condition> only =
        List.of(new Condition("l", true, "Java"), new Condition("o.id", false, "y"));
    assertThat(top(view(only, "v", "n", List.of(), null), ITEMS))
        .isEqualTo("[[\"a\",1],[\"d\",null]]");
  }

  @Test
  void rowHasMoreFieldsOrNull() {
    assertThat(top(view(List.of(), "t", "n", List.of("w", "o.id", "o", "no"), null), ITEMS))
        .isEqualTo(
            "[[\"b\",\"2024\",null,null,null,null],[\"c\",\"2023\",null,\"y\",null,null],"
                + "[\"e\",\"2022\",0.25,\"y\",null,null],[\"d\",\"2021\",1,\"x\",null,null],"
                + "[\"a\",\"2020\",0.5,\"x\",null,null]]");
  }

  @Test
  void fieldToRankByMayBeNested() {
    assertThat(top(view(List.of(), "o.id", "n", List.of(), null), ITEMS))
        .isEqualTo("[[\"c\",\"y\"],[\"e\",\"y\"],[\"a\",\"x\"],[\"d\",\"x\"],[\"b\",null]]");
  }

  @Test
  void stampHasTheVersionsOfAllListsAndTheWholeDefinition() {
    Entry one = Entries.of("one", "[]");
    Entry two = Entries.of("two", "[]");
    View view = grouped(Measure.COUNT, null);
    Ranked ranked = ranking.rank(view, List.of(one, two));
    assertThat(view.versions(ranked.stamp())).containsExactly("one", "two");
    assertThat(ranking.isOutdated(view, List.of(one, two), ranked)).isFalse();
    assertThat(ranking.isOutdated(view, List.of(one, one), ranked)).isTrue();
    for (View other :
        List.of(
            grouped(Measure.SUM, "v"),
            view(List.of(), null, "n", List.of(), Measure.COUNT),
            view(List.of(new Condition("a", true, "b")), null, "l", List.of(), Measure.COUNT),
            view(List.of(), null, "l", List.of("v"), Measure.COUNT))) {
      assertThat(ranking.isOutdated(other, List.of(one, two), ranked)).isTrue();
    }
  }

  @Test
  void viewsOfAListShareWhatWasReadUnlessAnotherFieldIsNeeded() {
    Entry list = Entries.of("1", ITEMS);
    View named = view(List.of(), "v", "n", List.of(), null);
    View grouped = grouped(Measure.MAX, "t");
    assertThat(ranking.rank(named, List.of(list)).first(1, true)).asString().contains("[\"c\",9]");
    assertThat(ranking.rank(grouped, List.of(list)).first(1, true)).asString().contains("2024");
  }
}
