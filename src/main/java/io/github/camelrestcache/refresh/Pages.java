package io.github.camelrestcache.refresh;

import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.CachedEndpoint.Shape;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Packing;
import io.github.camelrestcache.store.Packing.Piece;
import io.github.camelrestcache.store.Page;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The pages of one endpoint as they arrive: the next page to request, and the resulting entry.
 * Either every page is good, or the refresh ends with a {@link RefreshFailed}.
 */
public final class Pages {

  /** How often a list that changes during the fetch is fetched again. */
  private static final int MAX_REPEATS = 2;

  /** Items per page: GitHub's maximum, and the sizes to try if GitHub fails with that. */
  private static final List<Integer> SIZES = List.of(100, 50, 30);

  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
  private static final Set<Integer> TOO_HEAVY = Set.of(502, 503, 504);

  private final CachedEndpoint endpoint;
  private final boolean list;
  private final boolean mayBeHeavy;
  private final URI upstream;
  private final int maxPages;
  private final Entry stored;
  final String form;

  /** By target, the pages that may be requested conditionally. */
  private final Map<String, Piece> known = new HashMap<>();

  private final List<Piece> pieces = new ArrayList<>();
  private final Set<String> seen = new HashSet<>();
  private String next;
  private boolean redirected;
  private boolean unconditional;

  /** Whether the next page is known from the stored entry, not from an answer. */
  private boolean assumed;

  private boolean confirming;
  private boolean changed;
  private int perPage;
  private int repeats;
  private int answers;
  private int notModified;
  private Duration pollInterval = Duration.ZERO;

  /**
   * @param perPage the number of items per page to begin with
   * @param mayShrink whether to try smaller pages of a list if GitHub cannot answer
   * @param upstream the base URL of targets
   * @param maxPages more pages are a failure
   * @param stored the stored entry, or null
   * @param form identifies how pages are requested; a validator of another form is not sent
   */
  Pages(
      CachedEndpoint endpoint,
      int perPage,
      boolean mayShrink,
      URI upstream,
      int maxPages,
      Entry stored,
      String form) {
    this.endpoint = endpoint;
    this.upstream = upstream;
    this.maxPages = maxPages;
    this.stored = stored;
    this.form = form;
    if (stored != null && form.equals(stored.form())) {
      stored
          .pages()
          .forEach(page -> known.put(page.target(), new Piece(page, stored.packed(page))));
    }
    list = endpoint.shape() == Shape.LIST;
    mayBeHeavy = list && mayShrink;
    begin(perPage);
  }

  private void begin(int size) {
    perPage = size;
    redirected = false;
    unconditional = false;
    assumed = false;
    String separator = endpoint.path().contains("?") ? "&" : "?";
    begin(endpoint.path() + (list ? separator + "per_page=" + size : ""));
  }

  private void begin(String first) {
    next = first;
    pieces.clear();
    seen.clear();
    seen.add(first);
    confirming = false;
    changed = false;
  }

  /** The stored entry when the refresh began, or null. */
  Entry stored() {
    return stored;
  }

  /** The target of the next page, or null after the last. */
  public String next() {
    return next;
  }

  /** The validator for the next page, or null. */
  public String validator() {
    Piece piece = unconditional ? null : known.get(next);
    return piece == null ? null : piece.page().validator();
  }

  /**
   * Adds the answer for the page {@link #next()}.
   *
   * @param onPrivate told of each item whose field {@code private} is true
   * @throws RefreshFailed if it is not a whole page of the right shape
   */
  void add(int status, HttpFields fields, byte[] body, Runnable onPrivate) {
    answers++;
    notModified += status == 304 ? 1 : 0;
    String seconds = fields.get("X-Poll-Interval");
    if (seconds != null && seconds.matches("\\d{1,5}")) {
      pollInterval = Duration.ofSeconds(Long.parseLong(seconds));
    }
    int smaller = SIZES.indexOf(perPage) + 1;
    if (REDIRECTS.contains(status)) {
      if (redirected) {
        throw new RefreshFailed("GitHub redirects " + endpoint.path() + " more than once");
      }
      redirected = true;
      if (!fields.contains("Location")) {
        throw new RefreshFailed("GitHub redirects " + endpoint.path() + " without Location");
      }
      next = follow("redirects " + endpoint.path() + " to", fields.get("Location"));
    } else if (status == 304 && validator() != null) {
      addUnchanged(fields);
    } else if (status == 200) {
      if (confirming) {
        repeat();
      }
      Piece piece = PageContent.read(endpoint, next, fields.get("ETag"), body, onPrivate);
      // only the first page of a list may be empty
      boolean beyondTheLast = piece.page().length() == 0 && !pieces.isEmpty();
      if (beyondTheLast && !assumed) {
        throw new RefreshFailed(
            "GitHub answered a page of " + endpoint.path() + " with an empty list");
      }
      unconditional = beyondTheLast;
      assumed = false;
      if (beyondTheLast) {
        // the previous page is the last, which its 304 did not tell
        next = pieces.remove(pieces.size() - 1).page().target();
      } else {
        changed = true;
        take(piece, list ? Links.next(fields.get("Link")) : null);
      }
    } else if (mayBeHeavy && isTooHeavy(status, fields) && smaller < SIZES.size()) {
      begin(SIZES.get(smaller));
    } else {
      throw RefreshFailed.of(endpoint, pieces.isEmpty(), status, fields, body);
    }
  }

  private boolean isTooHeavy(int status, HttpFields fields) {
    return TOO_HEAVY.contains(status) && !confirming && !fields.contains("Retry-After");
  }

  /** The number of items per page that GitHub has answered. */
  int perPage() {
    return perPage;
  }

  /** GitHub's minimum time between two refreshes ({@code X-Poll-Interval}). */
  Duration pollInterval() {
    return pollInterval;
  }

  /** Whether all answers so far were 304. */
  boolean areUnchanged() {
    return notModified == answers;
  }

  /** The number of requests that count against the rate limit: with a token, a 304 is free. */
  int cost(boolean authorized) {
    return authorized ? answers - notModified : answers;
  }

  private void addUnchanged(HttpFields fields) {
    if (confirming) {
      next = null;
      return;
    }
    Piece piece = known.get(next);
    Page page = piece.page();
    if (list && fields.contains("Link")) {
      take(piece, Links.next(fields.get("Link")));
    } else if (page.next() == null && page.ends() != null && page.ends().length >= perPage) {
      // a next page may exist by now, which this answer does not tell
      unconditional = true;
    } else {
      take(piece, page.next());
      assumed = next != null && !confirming;
    }
  }

  /** Adds a page and selects the next one. */
  private void take(Piece piece, String link) {
    String after = link == null ? null : follow("links to the next page", link);
    Piece placed = piece.before(after);
    pieces.add(placed);
    known.put(next, placed);
    next = after;
    if (next != null && pieces.size() == maxPages) {
      throw new RefreshFailed(
          "%s has more than %d pages: raise REFRESH_MAX_PAGES"
              .formatted(endpoint.path(), maxPages));
    }
    if (next == null) {
      end();
    }
  }

  /**
   * Detects a change of the list during the fetch. An item that moves across a page border is on
   * both pages or on neither; in the latter case, an earlier page has changed. If a second fetch
   * finds no change, the list itself contains the item twice.
   */
  private void end() {
    Page first = pieces.get(0).page();
    if (changed && hasItemTwice()) {
      repeat();
    } else if (changed && pieces.size() > 1 && first.validator() != null && repeats < MAX_REPEATS) {
      confirming = true;
      next = first.target();
    }
  }

  private boolean hasItemTwice() {
    List<String> ids =
        pieces.stream().flatMap(piece -> piece.page().ids().stream().distinct()).toList();
    return Set.copyOf(ids).size() < ids.size();
  }

  private void repeat() {
    if (repeats == MAX_REPEATS) {
      throw new RefreshFailed(
          "%s changes faster than its pages can be fetched: an item was on two pages"
              .formatted(endpoint.path()));
    }
    repeats++;
    begin(pieces.get(0).page().target());
  }

  private String follow(String action, String url) {
    String target = Links.target(upstream, next, action, url);
    if (!seen.add(target)) {
      throw new RefreshFailed("GitHub %s %s, which was fetched already".formatted(action, target));
    }
    return target;
  }

  /**
   * The entry of all pages. Unchanged content keeps its version and its time of change. If every
   * page is unchanged, the result is the stored entry, validated.
   *
   * @param when the time of the requests
   * @param fence the fence of the lease
   */
  Entry whole(Instant when, long fence) {
    // a page that was sent again differs from the stored one: its start is not set yet
    boolean same =
        stored != null && stored.pages().equals(pieces.stream().map(Piece::page).toList());
    if (same) {
      return stored.validated(when, fence);
    }
    Entry whole = Packing.whole(pieces, list, form, when, fence);
    return stored != null && stored.version().equals(whole.version())
        ? whole.changedAt(stored.changed())
        : whole;
  }
}
