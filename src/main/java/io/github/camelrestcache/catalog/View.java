package io.github.camelrestcache.catalog;

/**
 * A ranking of a cached list, as routes/views.camel.yaml declares it.
 *
 * @param description what the route says that it is, in a sentence
 * @param name its name in {@code /view/{order}/{n}/{name}}
 * @param list the path of the cached list that it ranks
 * @param field the field of each item that it ranks by
 * @param label the field of each item that names it in the answer
 * @param source the file and line of its declaration
 */
public record View(
    String description, String name, String list, String field, String label, String source) {

  /**
   * What a ranking is stamped with: the version of the list that it was sorted from, and how it was
   * sorted, so that neither a newer list nor an edited view is answered with an older ranking.
   */
  public String stamp(String listVersion) {
    return String.join(" ", listVersion, list, field, label);
  }
}
