package io.github.camelrestcache.view;

import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.catalog.View;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.Variable;

/** Parses {@code /view/{order}/{n}/{view}} from the path as sent. */
public record ViewPaths(Catalog catalog) {

  private static final Pattern PATH = Pattern.compile("/view/(top|bottom)/([^/]*)/([^/]*)");

  /** 1 to 100,000. */
  private static final Pattern ROWS = Pattern.compile("0{0,4}([1-9][0-9]{0,4}|100000)");

  /**
   * Parses the path of a request.
   *
   * @throws Problem 404 for an unknown path or view, 400 for an invalid number
   */
  public ViewRequest read(@Variable("path") String asked) {
    Matcher path = PATH.matcher(asked);
    if (!path.matches()) {
      throw notFound("Views are at /view/top/{n}/{view} and /view/bottom/{n}/{view}");
    }
    View view = catalog.view(path.group(3));
    if (view == null) {
      throw notFound("There is no view '" + path.group(3) + "'");
    }
    String rows = path.group(2);
    if (!ROWS.matcher(rows).matches()) {
      throw new Problem(
          400,
          "Bad request",
          "'%s' is not a number of rows: use decimal digits, from 1 to 100000.".formatted(rows));
    }
    return new ViewRequest(path.group(1).equals("top"), Integer.parseInt(rows), view);
  }

  private Problem notFound(String what) {
    String names = String.join(", ", catalog.views().stream().map(View::name).toList());
    return new Problem(404, "Not found", "%s: the views are %s.".formatted(what, names));
  }
}
