package io.github.camelrestcache.cache;

import io.github.camelrestcache.store.Changes;

/**
 * How long a stored answer to a forwarded request stays the same, except for its age. Routes find
 * it in the variable {@code holding} if the answer is a stored one.
 *
 * @param stamp of what the answer was made from
 * @param freshness how long GitHub need not be asked
 */
public record Holding(Changes.Stamp stamp, Freshness freshness) {}
