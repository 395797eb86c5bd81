package io.github.camelrestcache.catalog;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Request targets that ask for the same endpoint: a path, and a query in any order. */
final class Target {

  /** Longer targets are taken as they are. */
  private static final int LONGEST = 2048;

  private Target() {}

  /** The target without page and per_page, and with the other parameters decoded and sorted. */
  static String normalized(String target) {
    int query = target.length() > LONGEST ? -1 : target.indexOf('?');
    if (query < 0 || query == target.length() - 1) {
      return query < 0 ? target : target.substring(0, query);
    }
    List<String> others =
        Stream.of(target.substring(query + 1).split("&", -1))
            .filter(each -> !each.startsWith("page=") && !each.startsWith("per_page="))
            .map(Target::normalizedParameter)
            .sorted()
            .toList();
    return target.substring(0, query) + (others.isEmpty() ? "" : "?" + String.join("&", others));
  }

  private static String normalizedParameter(String parameter) {
    try {
      return Stream.of(parameter.split("=", 2))
          .map(part -> URLEncoder.encode(URLDecoder.decode(part, UTF_8), UTF_8))
          .collect(Collectors.joining("="));
    } catch (IllegalArgumentException e) {
      return parameter; // a percent sign that encodes nothing
    }
  }
}
