package io.github.camelrestcache.view;

import io.github.camelrestcache.catalog.View;

/**
 * A request for the first rows of a view.
 *
 * @param descending true for the top, false for the bottom
 * @param n the number of rows, 1 to 100,000
 */
public record ViewRequest(boolean descending, int n, View view) {}
