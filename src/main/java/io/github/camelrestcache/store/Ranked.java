package io.github.camelrestcache.store;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.stream.Collectors;

/**
 * A sorted view. Each row is a JSON array on its own line, {@code ["Netflix/Hystrix",3518]}.
 *
 * @param stamp identifies the sorted list and the order
 * @param top the rows in descending order
 * @param bottom the rows in ascending order
 */
public record Ranked(String stamp, byte[] top, byte[] bottom) {

  /** The first n rows as one JSON array, or all if there are fewer. */
  public byte[] first(int n, boolean descending) {
    String rows = new String(descending ? top : bottom, ISO_8859_1); // a character for each byte
    String first = rows.lines().limit(n).collect(Collectors.joining(",", "[", "]"));
    return first.getBytes(ISO_8859_1);
  }
}
