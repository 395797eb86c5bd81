package io.github.camelrestcache.store;

import io.github.camelrestcache.Hash;
import java.time.Instant;

/**
 * A cached endpoint as it is stored. Of the last three, those are null that were not asked for.
 *
 * @param version names this content: the same for the same bytes
 * @param fetched when GitHub was last asked and gave this content, to the second
 * @param changed when the content was first seen, to the second
 * @param body the JSON as UTF-8
 * @param gzip the same, compressed
 * @param ends where in the body each item of a list ends: the index behind it, in four bytes
 */
public record Entry(
    String version, Instant fetched, Instant changed, byte[] body, byte[] gzip, byte[] ends) {

  /** The version of a content: 32 hexadecimal digits. */
  public static String version(byte[] content) {
    return Hash.of(content).substring(0, 32);
  }
}
