package io.github.camelrestcache.store;

import java.io.ByteArrayOutputStream;

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
    byte[] rows = descending ? top : bottom;
    ByteArrayOutputStream answer = new ByteArrayOutputStream(Math.min(rows.length, n * 64) + 2);
    answer.write('[');
    int left = n;
    for (int i = 0; i < rows.length; i++) {
      if (rows[i] != '\n') {
        answer.write(rows[i]);
      } else if (--left == 0 || i == rows.length - 1) {
        break;
      } else {
        answer.write(',');
      }
    }
    answer.write(']');
    return answer.toByteArray();
  }
}
