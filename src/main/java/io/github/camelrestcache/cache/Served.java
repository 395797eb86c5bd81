package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.HttpFields;
import java.io.InputStream;

/**
 * The answer to a forwarded request. Routes find it in the variable {@code served}.
 *
 * @param cacheStatus how the cache handled the request (RFC 9211 2), without the cache's name
 * @param stored the response in memory, or null if GitHub's is passed on
 * @param fields of a response in memory, its age and rate limit; else all fields as they arrived
 * @param isRepeatable whether the response in memory may answer other requests, too
 * @param status the status of a response that is passed on
 * @param content the content to pass on, or null
 */
public record Served(
    String cacheStatus,
    Fresh stored,
    HttpFields fields,
    boolean isRepeatable,
    int status,
    InputStream content) {}
