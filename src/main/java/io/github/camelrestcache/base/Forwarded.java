package io.github.camelrestcache.base;

import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What proxies say about a request: in {@code X-Forwarded-*} or, without any of those, in {@code
 * Forwarded} (RFC 7239). Clients can forge both, so only those of trusted proxies count ({@link
 * ClientAddress}).
 *
 * @param fields the values of a header field, separated by commas, or null or empty
 * @param isX whether the fields are {@code X-Forwarded-*}
 */
record Forwarded(UnaryOperator<String> fields, boolean isX) {

  private static final String X = "X-Forwarded-";

  private static final Pattern QUOTED = Pattern.compile("\"(.*)\"");

  Forwarded(UnaryOperator<String> fields) {
    this(
        fields,
        Stream.of("for", "proto", "host", "port")
            .anyMatch(each -> !value(fields, X + each).isEmpty()));
  }

  /** Whether a header field of this name is about proxies, and so not for GitHub. */
  static boolean isOf(String name) {
    return name.regionMatches(true, 0, X, 0, X.length())
        || name.equalsIgnoreCase("Forwarded")
        || name.equalsIgnoreCase("X-Real-IP");
  }

  /**
   * The values of a parameter, separated by commas, each from one proxy and that of the nearest
   * proxy last. In {@code Forwarded}, the value of a proxy that does not give it is empty.
   *
   * @param parameter {@code for}, {@code proto}, {@code host}, {@code port} or {@code prefix}
   */
  String values(String parameter) {
    return isX || parameter.equals("prefix") // which Forwarded does not have
        ? value(fields, X + parameter)
        : elements(value(fields, "Forwarded"), parameter);
  }

  private static String value(UnaryOperator<String> fields, String name) {
    String value = fields.apply(name);
    return value == null ? "" : value.strip();
  }

  /** No valid value has a comma, a semicolon or a backslash, quoted or not. */
  private static String elements(String forwarded, String parameter) {
    return Stream.of(forwarded.split(",", -1))
        .map(
            element ->
                Stream.of(element.split(";"))
                    .map(pair -> pair.strip().split("=", 2))
                    .filter(pair -> pair.length == 2 && pair[0].equalsIgnoreCase(parameter))
                    .map(pair -> QUOTED.matcher(pair[1]).replaceFirst("$1"))
                    .findFirst()
                    .orElse(""))
        .collect(Collectors.joining(","));
  }
}
