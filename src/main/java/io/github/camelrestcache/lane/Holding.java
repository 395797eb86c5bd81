package io.github.camelrestcache.lane;

/**
 * How long a stored answer to a forwarded request is the same, to the last byte. Routes find it in
 * the variable {@code holding} when the answer is one.
 *
 * @param stamp where what it was made of stood
 * @param end when its {@code Age} is another, by {@link System#nanoTime()}
 */
public record Holding(Changes.Stamp stamp, long end) {}
