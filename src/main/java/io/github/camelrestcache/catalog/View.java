package io.github.camelrestcache.catalog;

import io.github.camelrestcache.base.BadConfiguration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * A view of cached lists, as declared in routes/views.camel.yaml: a ranking of their items, or of
 * groups of items. A field may be nested, such as {@code license.spdx_id}.
 *
 * @param description the description of the route, one sentence
 * @param name the name in {@code /view/{order}/{n}/{view}}
 * @param lists the paths of the cached lists
 * @param only the conditions that an item must meet
 * @param field the field to rank by or to measure, or null for the number of items
 * @param label the field that identifies an item in the answer, or that items are grouped by
 * @param fields more fields of each row
 * @param measure the figure of a group, or null for a ranking of items
 * @param source file and line of the declaration
 */
public record View(
    String description,
    String name,
    List<String> lists,
    List<Condition> only,
    String field,
    String label,
    List<String> fields,
    Measure measure,
    String source) {

  /** The figure that groups are ranked by. */
  public enum Measure {
    COUNT,
    SUM,
    AVG,
    MAX
  }

  private static final String LISTS = "/\\S*(,\\s*/\\S*)*";
  private static final String FIELDS = "|%1$s(\\s*,\\s*%1$s)*".formatted(Condition.FIELD);
  private static final String MEASURES = "count|(sum|avg|max):\\s*" + Condition.FIELD;

  /**
   * The view that a Kamelet declares.
   *
   * @param isGrouped whether it is grouped-view, or else ranked-view
   * @throws BadConfiguration with file and line
   */
  static View of(String description, Kamelet kamelet, boolean isGrouped) {
    String name = kamelet.parameter("view", "a name of letters, digits, - and _", "[A-Za-z0-9_-]+");
    String list = kamelet.parameter("list", "paths of cached lists, such as /a,/b", LISTS);
    String only =
        kamelet.parameter("only", "conditions such as fork=false,language!=Java", Condition.ALL);
    String label = field(kamelet, isGrouped ? "by" : "label");
    String field = isGrouped ? null : field(kamelet, "field");
    String fields = "";
    Measure measure = null;
    if (isGrouped) {
      String[] figure = figure(kamelet).split(":\\s*", 2);
      measure = Measure.valueOf(figure[0].toUpperCase(Locale.ROOT));
      field = figure.length == 1 ? null : figure[1];
    } else {
      fields = kamelet.parameter("fields", "fields such as html_url,language", FIELDS);
    }
    return new View(
        Objects.toString(description, ""),
        name,
        // not at all commas, because a query may contain some
        Stream.of(list.split(",\\s*(?=/)")).distinct().toList(),
        Condition.all(only),
        field,
        label,
        fields.isEmpty() ? List.of() : List.of(fields.split("\\s*,\\s*")),
        measure,
        kamelet.source());
  }

  /** The figure of a group, such as {@code sum: stargazers_count}; also a parameter of its own. */
  private static String figure(Kamelet kamelet) {
    List<String> given =
        Stream.of("sum", "avg", "max")
            .filter(each -> !kamelet.given().get(each).isEmpty())
            .map(each -> each + ": " + field(kamelet, each))
            .toList();
    String measure =
        kamelet.parameter(
            "measure", "count, or sum, avg or max of a field, such as sum: size", MEASURES);
    if (given.size() > 1) {
      String second = given.get(1).replaceFirst(":.*", "");
      throw kamelet.invalid(second, "left out: a view has one of sum, avg and max");
    }
    if (!given.isEmpty() && !measure.equals("count")) {
      throw kamelet.invalid("measure", "left out with sum, avg or max");
    }
    return given.isEmpty() ? measure : given.get(0);
  }

  private static String field(Kamelet kamelet, String parameter) {
    return kamelet.parameter(
        parameter, "a field of the list's items, such as license.spdx_id", Condition.FIELD);
  }

  /**
   * The stamp of a ranking: the versions of its lists and the definition of the view. A ranking
   * with another stamp is outdated.
   */
  public String stamp(String listVersions) {
    return Stream.of(listVersions, lists, field, label, fields, measure, only)
        .map(Objects::toString)
        .reduce((a, b) -> a + " " + b)
        .orElseThrow();
  }

  /** The versions of the lists in a stamp, in the order of the lists. */
  public List<String> versions(String stamp) {
    return List.of(stamp.split(" ")).subList(0, lists.size());
  }

  /** All fields of items that the view reads. */
  public List<String> read() {
    Stream<String> conditions = only.stream().map(Condition::field);
    Stream<String> shown = Stream.concat(Stream.of(label), fields.stream());
    return Stream.of(shown, Stream.ofNullable(field), conditions)
        .flatMap(each -> each)
        .distinct()
        .toList();
  }
}
