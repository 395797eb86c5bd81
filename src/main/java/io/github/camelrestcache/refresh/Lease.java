package io.github.camelrestcache.refresh;

import io.github.camelrestcache.catalog.CachedEndpoint;
import java.time.Instant;

/**
 * The right to refresh an endpoint.
 *
 * @param fence higher than that of every earlier lease of the endpoint
 * @param began when it was taken, by the clock of Redis
 * @param taken the same by the clock of this machine
 */
public record Lease(CachedEndpoint endpoint, long fence, Instant began, Instant taken) {}
