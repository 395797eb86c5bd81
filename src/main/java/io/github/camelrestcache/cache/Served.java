package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.HttpFields;

/**
 * The answer to a forwarded request, adapted to its client. Routes find it in the variable {@code
 * served}.
 *
 * @param content bytes, or a stream, or null
 * @param cacheStatus how the cache handled the request (RFC 9211 2), without the cache's name
 * @param holding how long a stored response stays the same, or null if it is not one
 */
public record Served(
    int status, HttpFields fields, Object content, String cacheStatus, Holding holding) {}
