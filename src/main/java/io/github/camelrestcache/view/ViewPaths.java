package io.github.camelrestcache.view;

import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.catalog.View;
import io.github.camelrestcache.http.ClientRequest;
import io.github.camelrestcache.http.Problem;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.BindToRegistry;
import org.apache.camel.Variable;
import org.apache.camel.language.simple.Simple;

/** Reads {@code /view/{order}/{n}/{view}}, off the path as it was sent. */
@BindToRegistry("viewPaths")
public class ViewPaths {

  private static final int MOST = 100_000;
  private static final Pattern PATH = Pattern.compile("/view/(top|bottom)/([^/]*)/([^/]*)");

  /**
   * What the request asks to see.
   *
   * @throws Problem 404 for no view of that name, 400 for a number that is none
   */
  public ViewRequest read(
      @Variable("request") ClientRequest request, @Simple("${ref:catalog}") Catalog catalog) {
    return read(request.path(), catalog);
  }

  /** The same, of a path. */
  public static ViewRequest read(String asked, Catalog catalog) {
    Matcher path = PATH.matcher(asked);
    if (!path.matches()) {
      throw notFound(catalog, "Views are at /view/top/{n}/{view} and /view/bottom/{n}/{view}");
    }
    View view = catalog.view(path.group(3));
    if (view == null) {
      throw notFound(catalog, "There is no view '" + path.group(3) + "'");
    }
    String digits = path.group(2).replaceFirst("^0+(?=\\d)", "");
    if (!digits.matches("[0-9]{1,6}") || digits.equals("0") || Integer.parseInt(digits) > MOST) {
      throw new Problem(
          400,
          "Bad request",
          "'%s' is not a number of rows: use decimal digits, from 1 to %d."
              .formatted(path.group(2), MOST));
    }
    return new ViewRequest(path.group(1).equals("top"), Integer.parseInt(digits), view);
  }

  private static Problem notFound(Catalog catalog, String what) {
    String names = String.join(", ", catalog.views().stream().map(View::name).toList());
    return new Problem(404, "Not found", "%s: the views are %s.".formatted(what, names));
  }
}
