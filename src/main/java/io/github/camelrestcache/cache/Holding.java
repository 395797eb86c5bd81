package io.github.camelrestcache.cache;

import io.github.camelrestcache.store.Changes;

/**
 * How long a stored answer to a forwarded request is the same, but for its age. Routes find it in
 * the variable {@code holding} when the answer is one.
 *
 * @param stamp where what it was made of stood
 * @param freshness how long GitHub need not be asked
 */
public record Holding(Changes.Stamp stamp, Freshness freshness) {}
