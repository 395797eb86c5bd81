package io.github.camelrestcache.refresh;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.time.Duration;
import java.time.Instant;

/**
 * What all instances know of an endpoint. Points in time are in milliseconds since 1970, by the
 * clock of Redis; of what an endpoint has had no refresh, all is 0 and null.
 *
 * @param fence the number of the latest lease
 * @param owner the instance that took it, or null
 * @param began when that was taken
 * @param until when it ends
 * @param soon when it is due whatever its interval, or null
 * @param notBefore when it may be refreshed again at the earliest
 * @param stretch by how much its interval is stretched, 1 or more
 * @param spacing how many milliseconds the rate limit wants between two refreshes
 * @param cost what a refresh takes of the rate limit, on average
 * @param failures how many refreshes have failed in a row
 * @param reason why the last one failed, or null
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record State(
    long fence,
    String owner,
    long began,
    long until,
    Long soon,
    long notBefore,
    double stretch,
    long spacing,
    double cost,
    int failures,
    String reason) {

  static final State NONE = new State(0, null, 0, 0, null, 0, 1, 0, 0, 0, null);

  private static final double NEXT_TO_NOTHING = 0.01;

  State {
    stretch = Math.max(1, stretch);
  }

  /** When it is due, and nobody refreshes it. The script that gives leases decides alike. */
  Instant due(Duration every) {
    long due = failures > 0 ? 0 : began + (long) (every.toMillis() * stretch);
    long wanted = soon == null ? due : Math.min(due, Math.max(soon, began + spacing));
    return Instant.ofEpochMilli(Math.max(Math.max(wanted, notBefore), until));
  }

  /** After a refresh that cost so much. */
  State costing(double more) {
    double average = cost == 0 ? more : (cost + more) / 2;
    double usual = average < NEXT_TO_NOTHING ? 0 : average;
    return new State(
        fence, owner, began, until, soon, notBefore, stretch, spacing, usual, failures, reason);
  }

  /** After one that was good. */
  State good(Budget.Plan plan) {
    return new State(
        fence,
        owner,
        began,
        until,
        soon,
        notBefore,
        plan.stretch(),
        plan.spacing().toMillis(),
        cost,
        0,
        null);
  }

  /** After one that Redis left. */
  State atOnce() {
    return new State(
        fence, owner, began, until, 0L, notBefore, stretch, spacing, cost, failures, reason);
  }

  /**
   * After one that failed.
   *
   * @param told whether GitHub has said until when: then it is no failure in a row
   */
  State failing(String why, boolean told) {
    int inARow = told ? Math.max(1, failures) : failures + 1;
    return new State(
        fence, owner, began, until, soon, notBefore, stretch, spacing, cost, inARow, why);
  }

  /** Without a lease. */
  State released(Instant earliest) {
    return new State(
        fence,
        owner,
        began,
        0,
        soon,
        earliest.toEpochMilli(),
        stretch,
        spacing,
        cost,
        failures,
        reason);
  }
}
