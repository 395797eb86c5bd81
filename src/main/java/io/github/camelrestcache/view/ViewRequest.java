package io.github.camelrestcache.view;

import io.github.camelrestcache.catalog.View;

/**
 * What a client wants to see.
 *
 * @param descending whether the top, or else the bottom
 * @param n how many rows, 1 to 100,000
 * @param view of what
 */
public record ViewRequest(boolean descending, int n, View view) {}
