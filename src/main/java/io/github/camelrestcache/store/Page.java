package io.github.camelrestcache.store;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * One of the pages that GitHub gave a cached endpoint in.
 *
 * @param target what was asked for, path and query
 * @param validator the {@code ETag} that it came with, or null
 * @param next the target of the page after it, or null
 * @param start where in the {@link Entry}'s gzip its items begin
 * @param packed how many bytes they take there
 * @param length how many bytes they are
 * @param ends where among them each item of a list ends; null if it is not of a list
 * @param ids the {@code id} of each item that has one
 */
public record Page(
    String target,
    String validator,
    String next,
    int start,
    int packed,
    int length,
    int[] ends,
    List<String> ids) {

  /** The same page before another one. */
  public Page before(String newNext) {
    return new Page(target, validator, newNext, start, packed, length, ends, ids);
  }

  /** The same page at another place. */
  Page at(int newStart) {
    return new Page(target, validator, next, newStart, packed, length, ends, ids);
  }

  /** Compares {@code ends} by value, where the method of a record compares arrays by identity. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Page page
        && Objects.equals(target, page.target)
        && Objects.equals(validator, page.validator)
        && Objects.equals(next, page.next)
        && start == page.start
        && packed == page.packed
        && length == page.length
        && Arrays.equals(ends, page.ends)
        && Objects.equals(ids, page.ids);
  }

  @Override
  public int hashCode() {
    return Objects.hash(target, validator, next, start, packed, length, ids);
  }
}
