package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.HttpFields;

/**
 * The answer to a forwarded request, adapted to its client. Routes find it in the variable {@code
 * served}.
 *
 * @param content bytes, or a stream, or null
 * @param isHit whether it is a stored response, and GitHub was not asked
 * @param cacheStatus how the cache handled the request (RFC 9211 2), without the cache's name
 * @param fresh the response for memory, or null if it may not be repeated
 */
public record Served(
    int status,
    HttpFields fields,
    Object content,
    boolean isHit,
    String cacheStatus,
    Fresh fresh) {}
