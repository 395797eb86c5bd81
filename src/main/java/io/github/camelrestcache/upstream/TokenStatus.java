package io.github.camelrestcache.upstream;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether GitHub accepts the service's token. A token that GitHub refuses (401) is not lent for a
 * minute, doubled each time in a row up to ten. Another token is lent at once.
 */
public final class TokenStatus {

  /** What the operator should do about a refused token. */
  public static final String REFUSED =
      "GitHub refuses the token (401): check GITHUB_API_TOKEN, or the installation of the App";

  private static final Logger LOG = LoggerFactory.getLogger(TokenStatus.class);
  private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

  /** How long refreshes wait for the answer to the first of them. */
  private static final long TRIAL = TimeUnit.SECONDS.toNanos(2);

  /** What a 401 says about a token; "A JSON web token could not be decoded" says nothing. */
  private static final Pattern ABOUT_TOKEN =
      Pattern.compile("(?i)credential|expired|revoked|(?<!web )token");

  /** Paths that accept only the credentials of an app, and answer 401 to any token. */
  private static final Pattern OF_APPS =
      Pattern.compile("(?i)^/(app|applications|marketplace_listing)\\b|/installation\\b");

  /**
   * What is known of the last token that GitHub has judged. Times are those of {@link
   * System#nanoTime()}.
   *
   * @param pauses how often in a row lending was paused; 0 if GitHub accepts the token
   * @param until the end of the last pause
   * @param refused the time of the last refusal
   */
  private record State(String token, int pauses, long until, long refused) {}

  private final LongSupplier clock;
  private volatile State state = new State("", 0, 0, 0);
  private long trialEnds;

  public TokenStatus() {
    this(System::nanoTime);
  }

  TokenStatus(LongSupplier clock) {
    this.clock = clock;
    trialEnds = clock.getAsLong();
  }

  /** Whether callers' requests may carry this token now. */
  boolean mayLend(String token) {
    return !isRefused(token) || clock.getAsLong() - state.until() >= 0;
  }

  /** Whether GitHub has refused this token, and has not accepted it since. */
  boolean isRefused(String token) {
    State now = state;
    return now.pauses() > 0 && now.token().equals(token);
  }

  /**
   * Whether a refresh may send this token. While GitHub has not accepted it yet, one refresh tries
   * it, and the others wait for the result, for two seconds at most.
   *
   * @param pause the time that must have passed since the last refusal
   */
  synchronized boolean mayTry(String token, Duration pause) {
    long end = clock.getAsLong() + TRIAL;
    try {
      for (long now = end - TRIAL; !isAccepted(token); now = clock.getAsLong()) {
        long left = Math.min(trialEnds, end) - now;
        if (left <= 0) {
          boolean may = !isRefused(token) || now - state.refused() >= pause.toNanos();
          trialEnds = may ? now + TRIAL : now;
          return may;
        }
        TimeUnit.NANOSECONDS.timedWait(this, left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return true;
  }

  private boolean isAccepted(String token) {
    State now = state;
    return token.isEmpty() || now.pauses() == 0 && now.token().equals(token);
  }

  /** Whether GitHub's answer refuses the token that was lent to a request. */
  static boolean isRefusal(UpstreamRequest ask, int status, String message) {
    return status == 401
        && (message.isEmpty()
            ? !OF_APPS.matcher(ask.path()).find()
            : ABOUT_TOKEN.matcher(message).find());
  }

  /** Records that GitHub has accepted a token. */
  void accepted(String token) {
    if (!isAccepted(token)) {
      synchronized (this) {
        if (state.pauses() > 0) {
          LOG.info("GitHub accepts the service's token again");
        }
        state = new State(token, 0, 0, 0);
        notifyAll();
      }
    }
  }

  /** Records that GitHub has refused a token. */
  synchronized void refused(String token) {
    long now = clock.getAsLong();
    if (!isRefused(token)) {
      LOG.warn("{}. Requests without credentials go to GitHub without it", REFUSED);
    }
    State before = isRefused(token) ? state : new State(token, 0, now, now);
    boolean isOver = now - before.until() >= 0;
    long pause = MINUTE * Math.min(10, 1 << Math.min(before.pauses(), 4));
    state =
        isOver
            ? new State(token, before.pauses() + 1, now + pause, now)
            : new State(token, before.pauses(), before.until(), now);
    trialEnds = now;
    notifyAll();
  }
}
