package io.github.camelrestcache.refresh;

import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;

/**
 * What all instances know of an endpoint. Times are in milliseconds since 1970, by the clock of
 * Redis. Before the first refresh, values are 0 or null.
 *
 * @param owner the instance that ran the last refresh, or null
 * @param began when that began
 * @param soon when the endpoint is due regardless of its interval, or 0
 * @param looks how often to look again after an event, because GitHub may answer from a copy that
 *     does not have the change yet
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
@JsonAutoDetect(isGetterVisibility = JsonAutoDetect.Visibility.NONE)
public record State(
    String owner,
    long began,
    long soon,
    int looks,
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

  private static final ObjectMapper JSON = new ObjectMapper();

  static final int PER_PAGE = 100;

  static final State NONE = new State(null, 0, 0, 0, 0, 1, 0, 0, 0, null, 0, 0, 0, 0);

  /** How often to look after an event, the first time included. */
  private static final int LOOKS = 3;

  public State {
    stretch = Math.max(1, stretch);
  }

  /** Reads a state from JSON, which may be null; {@link #NONE} if it is unreadable. */
  static State of(byte[] json) {
    try {
      State state = json == null ? null : JSON.readValue(json, State.class);
      return state == null ? NONE : state;
    } catch (IOException e) {
      return NONE;
    }
  }

  String json() {
    return JSON.valueToTree(this).toString();
  }

  /**
   * This state after a request for an early refresh, unless a refresh has begun since.
   *
   * @param anyway whether the request ends a pause after failures
   */
  State wanted(long at, boolean anyway) {
    return at <= began
        ? this
        : new State(
            owner,
            began,
            soon == 0 ? at : Math.min(soon, at),
            LOOKS,
            anyway ? 0 : notBefore,
            stretch,
            spacing,
            cost,
            failures,
            reason,
            perPage,
            perPageUntil,
            gone,
            goneSince);
  }

  /** Whether an event has asked for a refresh that has not begun. */
  boolean isWanted() {
    return looks == LOOKS;
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

  /** When the endpoint is due, in milliseconds since 1970. */
  long due(Duration every) {
    long due = failures > 0 ? 0 : began + (long) (every.toMillis() * stretch);
    long early = soon == 0 ? due : Math.min(due, Math.max(soon, began + spacing));
    return Math.max(early, notBefore);
  }
}
