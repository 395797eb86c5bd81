package io.github.camelrestcache.refresh;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.CachedEndpoint.Shape;
import io.github.camelrestcache.http.HttpFields;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Packing;
import io.github.camelrestcache.store.Packing.Piece;
import io.github.camelrestcache.store.Page;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.hc.client5.http.utils.DateUtils;

/**
 * The pages of one endpoint, as they come in: which to ask for next, and what they are together.
 * All or nothing: whatever is not a good answer ends the refresh with a {@link RefreshFailed}.
 */
public final class Pages {

  /** For UTF-8 alone: pages in other encodings could not be spliced. */
  private static final JsonFactory JSON =
      JsonFactory.builder().disable(JsonFactory.Feature.CHARSET_DETECTION).build();

  /** Also with its dots or slashes encoded. */
  private static final Pattern DOT_SEGMENT =
      Pattern.compile("(?i)(/|%2f|%5c)(\\.|%2e){1,2}(/|%2f|%5c|$)");

  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss 'UTC'").withZone(ZoneOffset.UTC);

  /** How often a list is fetched once more that changes meanwhile. */
  private static final int MOST_REPEATS = 2;

  private static final int PER_PAGE = 100;

  private final CachedEndpoint endpoint;
  private final URI upstream;
  private final int maxPages;
  private final Entry stored;
  private final String form;

  /** By their targets, what may be asked for conditionally. */
  private final Map<String, Piece> known = new HashMap<>();

  private final List<Piece> pieces = new ArrayList<>();
  private final Set<String> seen = new HashSet<>();
  private String next;
  private boolean redirected;
  private boolean unconditional;

  /** Whether what to ask for next stands in what is stored, and not in an answer. */
  private boolean assumed;

  private boolean confirming;
  private boolean changed;
  private int repeats;
  private int answers;
  private int notModified;

  /**
   * @param upstream the URL that targets are below
   * @param maxPages more than so many pages are a failure
   * @param stored what is stored now, or null
   * @param form names how pages are asked for; a validator of another form is not sent
   */
  Pages(CachedEndpoint endpoint, URI upstream, int maxPages, Entry stored, String form) {
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
    begin(endpoint.path() + (endpoint.shape() == Shape.LIST ? "?per_page=" + PER_PAGE : ""));
  }

  private void begin(String first) {
    next = first;
    pieces.clear();
    seen.clear();
    seen.add(first);
    confirming = false;
    changed = false;
  }

  /** The target of the page to ask for next, or null after the last. */
  public String next() {
    return next;
  }

  /** The validator to ask for it with, or null. */
  public String validator() {
    Piece piece = unconditional ? null : known.get(next);
    return piece == null ? null : piece.page().validator();
  }

  /**
   * Takes the answer for the page that {@link #next()} named.
   *
   * @throws RefreshFailed when it is not a whole page of the right shape
   */
  void add(int status, HttpFields fields, byte[] body) {
    answers++;
    notModified += status == 304 ? 1 : 0;
    if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) {
      if (redirected) {
        throw new RefreshFailed("GitHub redirects " + endpoint.path() + " more than once");
      }
      redirected = true;
      if (!fields.contains("Location")) {
        throw new RefreshFailed("GitHub redirects " + endpoint.path() + " to nowhere");
      }
      next = follow("redirects " + endpoint.path() + " to", fields.get("Location"));
    } else if (status == 304 && validator() != null) {
      addUnchanged(fields);
    } else if (status == 200) {
      if (confirming) {
        repeat();
      }
      if (assumed && isEmptyList(body)) {
        // the page before this one is the last, which its 304 has not told
        next = pieces.remove(pieces.size() - 1).page().target();
        unconditional = true;
        assumed = false;
        return;
      }
      assumed = false;
      changed = true;
      unconditional = false;
      Piece piece = piece(body, fields.get("ETag"));
      known.put(next, piece);
      take(piece, endpoint.shape() == Shape.LIST ? Links.next(fields.get("Link")) : null);
    } else {
      throw refused(status, fields, body);
    }
  }

  /** What these pages took of the rate limit: with a token, a 304 is free. */
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
    if (endpoint.shape() == Shape.LIST && fields.contains("Link")) {
      take(piece, Links.next(fields.get("Link")));
    } else if (page.next() == null && page.ends() != null && page.ends().length >= PER_PAGE) {
      // a page may have come after it, of which this answer does not tell
      unconditional = true;
    } else {
      take(piece, page.next());
      assumed = next != null && !confirming;
    }
  }

  private static boolean isEmptyList(byte[] body) {
    return body.length < 100 && new String(body, UTF_8).replaceAll("\\s", "").equals("[]");
  }

  /** Adds a page, and decides what to ask for after it. */
  private void take(Piece piece, String link) {
    String after = link == null ? null : follow("names as the next page", link);
    pieces.add(piece.before(after));
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
   * Looks whether the list has changed while its pages came: an item that moves over the border of
   * two pages is in both, or in none, and then what was before it has changed.
   */
  private void end() {
    Page first = pieces.get(0).page();
    if (hasItemTwice()) {
      repeat();
    } else if (changed
        && pieces.size() > 1
        && first.validator() != null
        && repeats < MOST_REPEATS) {
      confirming = true;
      next = first.target();
    }
  }

  private boolean hasItemTwice() {
    Set<String> ids = new HashSet<>();
    for (Piece piece : pieces) {
      Set<String> ofPage = new HashSet<>(piece.page().ids());
      if (!Collections.disjoint(ids, ofPage)) {
        return true;
      }
      ids.addAll(ofPage);
    }
    return false;
  }

  private void repeat() {
    if (repeats == MOST_REPEATS) {
      throw new RefreshFailed(
          "%s changes faster than its pages can be fetched: an item was on two pages"
              .formatted(endpoint.path()));
    }
    repeats++;
    begin(pieces.get(0).page().target());
  }

  private Piece piece(byte[] body, String validator) {
    List<Integer> itemEnds = new ArrayList<>();
    List<String> ids = new ArrayList<>();
    check(body, itemEnds, ids);
    if (endpoint.shape() == Shape.OBJECT) {
      return piece(body, 0, body.length, validator, null, ids);
    }
    int start = indexOf(body, '[') + 1;
    int end = lastIndexOf(body, ']');
    while (start < end && isSpace(body[start])) {
      start++;
    }
    while (end > start && isSpace(body[end - 1])) {
      end--;
    }
    if (end == start && !pieces.isEmpty()) {
      // a list may be empty, but not a page that another one named
      throw new RefreshFailed(
          "GitHub answered a page of " + endpoint.path() + " with an empty list");
    }
    int before = start;
    int[] ends = itemEnds.stream().mapToInt(each -> each - before).toArray();
    return piece(body, start, end - start, validator, ends, ids);
  }

  private Piece piece(
      byte[] body, int start, int length, String validator, int[] ends, List<String> ids) {
    byte[] packed = Packing.pack(body, start, length);
    return new Piece(new Page(next, validator, null, 0, packed.length, length, ends, ids), packed);
  }

  /** Refuses what is not one value of the right shape; tells where items end, and their ids. */
  private void check(byte[] body, List<Integer> itemEnds, List<String> ids) {
    JsonToken expected =
        endpoint.shape() == Shape.LIST ? JsonToken.START_ARRAY : JsonToken.START_OBJECT;
    try (JsonParser parser = JSON.createParser(body)) {
      UTF_8.newDecoder().decode(ByteBuffer.wrap(body)); // the parser lets some that is none pass
      JsonToken first = parser.nextToken();
      if (first == null) {
        throw new RefreshFailed("GitHub answered " + endpoint.path() + " with nothing");
      }
      if (first != expected) {
        throw new RefreshFailed(
            "GitHub answered %s with something else than the %s that belongs there"
                .formatted(
                    endpoint.path(), endpoint.shape().name().toLowerCase(java.util.Locale.ROOT)));
      }
      while (first == JsonToken.START_ARRAY && parser.nextToken() != JsonToken.END_ARRAY) {
        readItem(parser, ids);
        itemEnds.add((int) parser.currentLocation().getByteOffset());
      }
      parser.skipChildren();
      if (parser.nextToken() != null) {
        throw new RefreshFailed("GitHub answered " + endpoint.path() + " with more than one value");
      }
    } catch (IOException e) {
      throw new RefreshFailed(
          "GitHub answered %s with broken JSON (%s)"
              .formatted(endpoint.path(), e.getMessage().lines().findFirst().orElse("")));
    }
  }

  private static void readItem(JsonParser parser, List<String> ids) throws IOException {
    if (parser.currentToken() == JsonToken.START_OBJECT) {
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean isId = parser.currentName().equals("id");
        if (parser.nextToken().isScalarValue() && isId) {
          ids.add(parser.getText());
        }
        parser.skipChildren();
      }
    } else {
      parser.skipChildren();
      parser.finishToken();
    }
  }

  /** The target of a URL on the upstream, which GitHub gave. */
  private String follow(String what, String url) {
    URI uri;
    try {
      // java.net.URI resolves a query alone against the folder, as RFC 2396 did
      String page = base() + next.replaceFirst("\\?.*", "");
      uri =
          url.isEmpty() || url.startsWith("?")
              ? URI.create((url.isEmpty() ? base() + next : page) + url)
              : URI.create(page).resolve(url);
    } catch (IllegalArgumentException e) {
      throw new RefreshFailed("GitHub %s '%s', which is no URL".formatted(what, url));
    }
    String base = URI.create(base()).getRawPath();
    boolean sameOrigin =
        upstream.getScheme().equalsIgnoreCase(uri.getScheme())
            && upstream.getHost().equalsIgnoreCase(uri.getHost())
            && port(upstream) == port(uri)
            && uri.getRawUserInfo() == null;
    String path = uri.getRawPath() == null ? "" : uri.getRawPath();
    boolean climbs = DOT_SEGMENT.matcher(path).find();
    if (!sameOrigin || climbs || !path.startsWith(base + "/")) {
      throw new RefreshFailed(
          "GitHub %s %s, which is not below %s and is not followed".formatted(what, uri, upstream));
    }
    String target =
        path.substring(base.length()) + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery());
    if (!seen.add(target)) {
      throw new RefreshFailed("GitHub %s %s, which was fetched already".formatted(what, target));
    }
    return target;
  }

  private String base() {
    return upstream.toString().replaceAll("/+$", "");
  }

  private RefreshFailed refused(int status, HttpFields fields, byte[] body) {
    if (status == 401) {
      return new RefreshFailed(
          "GitHub refuses the token (401): give GITHUB_API_TOKEN a valid one, or none");
    }
    if (status == 404) {
      return new RefreshFailed(
          "GitHub knows no %s (404): check GITHUB_ORG, and whether the token may see it"
              .formatted(endpoint.path()));
    }
    String said = said(body);
    if (status == 403 || status == 429) {
      Instant now = Instant.now();
      Instant retryAfter = retryAfter(fields.get("Retry-After"), now);
      long reset = number(fields.get("x-ratelimit-reset"));
      boolean spent = "0".equals(fields.get("x-ratelimit-remaining"));
      // GitHub: as Retry-After says, else until the reset, else at least a minute
      Instant until = retryAfter != null || reset < 0 ? retryAfter : Instant.ofEpochSecond(reset);
      if (spent && until != null) {
        return new RefreshFailed(
            "The rate limit of %s requests is spent until %s (%d)"
                .formatted(fields.get("x-ratelimit-limit"), CLOCK.format(until), status),
            until);
      }
      if (retryAfter != null) {
        return new RefreshFailed(
            "GitHub asks to wait until %s (%d%s)".formatted(CLOCK.format(retryAfter), status, said),
            retryAfter);
      }
      return new RefreshFailed(
          "GitHub answered %s with %d%s, and is left alone for a minute"
              .formatted(endpoint.path(), status, said),
          now.plusSeconds(60));
    }
    return new RefreshFailed(
        "GitHub answered %s with %d%s".formatted(endpoint.path(), status, said));
  }

  /** What GitHub says of it, if it does. */
  private static String said(byte[] body) {
    try {
      String message = new ObjectMapper().readTree(body).path("message").asText();
      return message.isEmpty() ? "" : ": " + message.substring(0, Math.min(200, message.length()));
    } catch (IOException e) {
      return "";
    }
  }

  /**
   * All pages in one, to be stored. Content that is the same keeps its version and the time of its
   * last change; if GitHub said so of each page, it is what was stored.
   *
   * @param when GitHub was asked
   * @param fence the number of the lease under which that was done
   */
  Entry whole(Instant when, long fence) {
    boolean same =
        stored != null && stored.pages().equals(pieces.stream().map(Piece::page).toList());
    if (same) {
      return stored.validated(when, fence);
    }
    Entry whole = Packing.whole(pieces, endpoint.shape() == Shape.LIST, form, when, fence);
    return stored != null && stored.version().equals(whole.version())
        ? whole.changedAt(stored.changed())
        : whole;
  }

  /** RFC 9110 10.2.3: seconds or a date. */
  private static Instant retryAfter(String value, Instant now) {
    if (value == null) {
      return null;
    }
    return number(value) >= 0 ? now.plusSeconds(number(value)) : DateUtils.parseStandardDate(value);
  }

  private static long number(String value) {
    return value != null && value.matches("\\d{1,12}") ? Long.parseLong(value) : -1;
  }

  private static int port(URI uri) {
    return uri.getPort() >= 0
        ? uri.getPort()
        : "https".equalsIgnoreCase(uri.getScheme()) ? 443 : 80;
  }

  private static boolean isSpace(byte b) {
    return b == ' ' || b == '\n' || b == '\r' || b == '\t';
  }

  private static int indexOf(byte[] body, char wanted) {
    int i = 0;
    while (body[i] != wanted) {
      i++;
    }
    return i;
  }

  private static int lastIndexOf(byte[] body, char wanted) {
    int i = body.length - 1;
    while (body[i] != wanted) {
      i--;
    }
    return i;
  }
}
