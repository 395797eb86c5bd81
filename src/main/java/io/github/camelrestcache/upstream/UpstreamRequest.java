package io.github.camelrestcache.upstream;

import io.github.camelrestcache.http.HttpFields;
import org.apache.hc.core5.http.HttpEntity;

/**
 * What GitHub is to be asked, exactly. The route that asks finds it in the variable {@code ask}.
 *
 * @param method the request method
 * @param target path and query below the path of {@code GITHUB_API_URL}
 * @param fields the header fields, without those of one connection
 * @param content the content, or null
 * @param lent whether the service's token goes along for a caller who brought none
 */
public record UpstreamRequest(
    String method, String target, HttpFields fields, HttpEntity content, boolean lent) {}
