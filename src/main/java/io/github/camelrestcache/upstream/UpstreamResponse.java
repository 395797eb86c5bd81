package io.github.camelrestcache.upstream;

import io.github.camelrestcache.base.HttpFields;

/**
 * GitHub's response, whose content is the body of the exchange. Routes find it in the variable
 * {@code answered}.
 *
 * @param status the status code
 * @param fields the header fields as they arrived
 * @param isLimit whether GitHub refuses because of a rate limit
 * @param isRepeated whether GitHub was not asked, because an earlier refusal is in force
 * @param isTokenRefused whether GitHub refuses the service's token; then there is no content
 */
public record UpstreamResponse(
    int status, HttpFields fields, boolean isLimit, boolean isRepeated, boolean isTokenRefused) {}
