package io.github.camelrestcache.refresh;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.time.Duration;
import java.time.Instant;

/**
 * What all instances know of an endpoint. Times are in milliseconds since 1970, by the clock of
 * Redis. Before the first refresh, values are 0 or null.
 *
 * @param fence the fence of the latest lease
 * @param owner the instance that took it, or null
 * @param began when it was taken
 * @param until when it ends
 * @param soon when the endpoint is due regardless of its interval, or null
 * @param notBefore the earliest time of the next refresh
 * @param stretch the factor of its interval, 1 or more
 * @param spacing the milliseconds that the rate limit requires between two refreshes
 * @param cost the average number of requests per refresh that count against the rate limit
 * @param failures the number of failed refreshes in a row, on any instance
 * @param reason why the last one failed, as a sentence, or null
 * @param perPage the items per page that GitHub could answer, or 0 before the first success
 * @param perPageUntil when that is forgotten
 * @param gone the status of GitHub's denials, negative until they have lasted for a minute, or 0
 * @param goneSince when the first of these denials came, or 0
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record State(
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
    String reason,
    int perPage,
    long perPageUntil,
    int gone,
    long goneSince) {

  static final int PER_PAGE = 100;

  static final State NONE = new State(0, null, 0, 0, null, 0, 1, 0, 0, 0, null, 0, 0, 0, 0);

  /** The part of the state that a refresh sets. */
  record Result(
      double stretch,
      long spacing,
      double cost,
      int failures,
      String reason,
      int perPage,
      long perPageUntil,
      int gone,
      long goneSince) {}

  public State {
    stretch = Math.max(1, stretch);
  }

  /** Whether GitHub has denied the endpoint for a minute. */
  public boolean isGone() {
    return gone > 0 && failures > 0;
  }

  /** Whether GitHub has denied for a minute what it has answered before. */
  public boolean isLost() {
    return isGone() && perPage > 0;
  }

  /** The number of items per page to ask GitHub for. */
  int perPage(Instant now) {
    return perPage > 0 && now.toEpochMilli() < perPageUntil ? perPage : PER_PAGE;
  }

  /** When it is due and not leased. The script that grants leases decides alike. */
  Instant due(Duration every) {
    long due = failures > 0 ? 0 : began + (long) (every.toMillis() * stretch);
    long wanted = soon == null ? due : Math.min(due, Math.max(soon, began + spacing));
    return Instant.ofEpochMilli(Math.max(Math.max(wanted, notBefore), until));
  }
}
