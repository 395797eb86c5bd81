package io.github.camelrestcache.catalog;

/**
 * A ranking of a cached list, as declared in routes/views.camel.yaml.
 *
 * @param description the description of the route, one sentence
 * @param name the name in {@code /view/{order}/{n}/{name}}
 * @param list the path of the cached list
 * @param field the field to rank by
 * @param label the field that identifies an item in the answer
 * @param source file and line of the declaration
 */
public record View(
    String description, String name, String list, String field, String label, String source) {

  /**
   * The stamp of a ranking: the version of its list and the definition of the view. A ranking with
   * another stamp is outdated.
   */
  public String stamp(String listVersion) {
    return String.join(" ", listVersion, list, field, label);
  }
}
