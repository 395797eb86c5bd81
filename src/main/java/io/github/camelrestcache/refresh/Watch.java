package io.github.camelrestcache.refresh;

import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.store.Near;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Finds what other instances have refreshed, in case their messages are lost. */
public final class Watch {

  /** How many unchanged endpoints are compared each time. */
  private static final int IN_TURN = 20;

  private final Catalog catalog;
  private final Schedule schedule;
  private final Near near;
  private volatile List<CachedEndpoint> suspects = List.of();
  private int turn;

  public Watch(Catalog catalog, Schedule schedule, Near near) {
    this.catalog = catalog;
    this.schedule = schedule;
    this.near = near;
  }

  /** Reads the states of all endpoints; callers stop waiting for those that back off. */
  public void look() {
    Set<String> changed = schedule.look();
    List<CachedEndpoint> all = List.copyOf(catalog.endpoints());
    List<CachedEndpoint> found = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      String path = all.get(i).path();
      if (changed.contains(path) || Math.floorMod(i - turn, all.size()) < IN_TURN) {
        found.add(all.get(i));
      }
      State state = schedule.state(path);
      if (state.failures() > 0 && !schedule.pause(path).isZero()) {
        near.giveUp(path, new RefreshFailed(state.reason()));
      }
    }
    turn = all.isEmpty() ? 0 : (turn + IN_TURN) % all.size();
    suspects = found;
  }

  /**
   * The endpoints to compare with Redis: those whose state had changed at the last look, and some
   * others in turn, because Redis may have lost any.
   */
  public List<CachedEndpoint> suspects() {
    return suspects;
  }
}
