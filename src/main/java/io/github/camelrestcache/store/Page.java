package io.github.camelrestcache.store;

import java.util.List;

/**
 * One page of a cached endpoint, as GitHub divides it.
 *
 * @param target the path and query of the request
 * @param validator its {@code ETag}, or null
 * @param next the target of the next page, or null
 * @param start the offset of its items in the gzip of the {@link Entry}
 * @param packed their compressed length in bytes
 * @param length their length in bytes
 * @param ends the end offset of each item of a list, compared by identity; null for an object
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

  /** The same page with another next page. */
  public Page before(String newNext) {
    return new Page(target, validator, newNext, start, packed, length, ends, ids);
  }

  /** The same page at another offset. */
  Page at(int newStart) {
    return new Page(target, validator, next, newStart, packed, length, ends, ids);
  }
}
