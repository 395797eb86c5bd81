package io.github.camelrestcache.lane;

import java.time.Duration;

/**
 * How long a stored answer to a forwarded request is the same, to the last byte. Routes find it in
 * the variable {@code holding} when the answer is one.
 *
 * @param stamp where what it was made of stood
 * @param time how long its {@code Age} is what it is
 */
public record Holding(Changes.Stamp stamp, Duration time) {}
