package io.github.camelrestcache.store;

import java.time.Instant;

/**
 * A cached endpoint as it is stored.
 *
 * @param version names this content: the same for the same bytes
 * @param fetched when GitHub was last asked and gave this content, to the second
 * @param changed when the content was first seen, to the second
 * @param body the JSON as UTF-8, or null where only the rest was asked for
 */
public record Entry(String version, Instant fetched, Instant changed, byte[] body) {}
