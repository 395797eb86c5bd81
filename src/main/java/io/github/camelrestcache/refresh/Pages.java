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
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
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

  private final CachedEndpoint endpoint;
  private final URI upstream;
  private final int maxPages;
  private final Set<String> seen = new HashSet<>();
  private final ByteArrayOutputStream items = new ByteArrayOutputStream();
  private final ByteArrayOutputStream ends = new ByteArrayOutputStream();
  private String next;
  private boolean redirected;
  private int pages;

  /**
   * @param upstream the URL that targets are below
   * @param maxPages more than so many pages are a failure
   */
  Pages(CachedEndpoint endpoint, URI upstream, int maxPages) {
    this.endpoint = endpoint;
    this.upstream = upstream;
    this.maxPages = maxPages;
    this.next = endpoint.path() + (endpoint.shape() == Shape.LIST ? "?per_page=100" : "");
    seen.add(next);
  }

  /** The target of the page to ask for next, or null after the last. */
  public String next() {
    return next;
  }

  /**
   * Takes the answer for the page that {@link #next()} named.
   *
   * @throws RefreshFailed when it is not a whole page of the right shape
   */
  void add(int status, HttpFields fields, byte[] body) {
    if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) {
      if (redirected) {
        throw new RefreshFailed("GitHub redirects " + endpoint.path() + " more than once");
      }
      redirected = true;
      if (!fields.contains("Location")) {
        throw new RefreshFailed("GitHub redirects " + endpoint.path() + " to nowhere");
      }
      next = follow("redirects " + endpoint.path() + " to", fields.get("Location"));
    } else if (status == 200) {
      addPage(body);
      String link = endpoint.shape() == Shape.LIST ? Links.next(fields.get("Link")) : null;
      next = link == null ? null : follow("names as the next page", link);
      pages++;
      if (next != null && pages == maxPages) {
        throw new RefreshFailed(
            "%s has more than %d pages: raise REFRESH_MAX_PAGES"
                .formatted(endpoint.path(), maxPages));
      }
    } else {
      throw refused(status, fields, body);
    }
  }

  private void addPage(byte[] body) {
    List<Integer> itemEnds = check(body);
    if (endpoint.shape() == Shape.OBJECT) {
      items.writeBytes(body);
      return;
    }
    int start = indexOf(body, '[') + 1;
    int end = lastIndexOf(body, ']');
    while (start < end && isSpace(body[start])) {
      start++;
    }
    while (end > start && isSpace(body[end - 1])) {
      end--;
    }
    if (end == start && pages > 0) {
      // a list may be empty, but not a page that another one named
      throw new RefreshFailed(
          "GitHub answered a page of " + endpoint.path() + " with an empty list");
    }
    if (end > start) {
      if (items.size() > 0) {
        items.write(',');
      }
      int shift = 1 + items.size() - start;
      itemEnds.forEach(each -> ends.writeBytes(fourBytes(each + shift)));
      items.write(body, start, end - start);
    }
  }

  private static byte[] fourBytes(int number) {
    return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
  }

  /** Refuses what is not one value of the right shape; gives where each item of a list ends. */
  private List<Integer> check(byte[] body) {
    List<Integer> itemEnds = new ArrayList<>();
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
        parser.skipChildren();
        parser.finishToken();
        itemEnds.add((int) parser.currentLocation().getByteOffset());
      }
      parser.skipChildren();
      if (parser.nextToken() != null) {
        throw new RefreshFailed("GitHub answered " + endpoint.path() + " with more than one value");
      }
      return itemEnds;
    } catch (IOException e) {
      throw new RefreshFailed(
          "GitHub answered %s with broken JSON (%s)"
              .formatted(endpoint.path(), e.getMessage().lines().findFirst().orElse("")));
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
      if (retryAfter != null) {
        return new RefreshFailed(
            "GitHub asks to wait until %s (%d%s)".formatted(CLOCK.format(retryAfter), status, said),
            retryAfter);
      }
      if (spent && reset >= 0) {
        Instant until = Instant.ofEpochSecond(reset);
        return new RefreshFailed(
            "The rate limit of %s requests is spent until %s (%d)"
                .formatted(fields.get("x-ratelimit-limit"), CLOCK.format(until), status),
            until);
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
   * All pages in one, to be stored.
   *
   * @param stored what is stored now, or null; content that is the same keeps its version, the time
   *     of its last change, and is not written again (the body of the entry is null)
   */
  Entry whole(Entry stored) {
    byte[] body = items.toByteArray();
    if (endpoint.shape() == Shape.LIST) {
      body = surrounded(body);
    }
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    String version = Entry.version(body);
    return stored != null && stored.version().equals(version)
        ? new Entry(version, now, stored.changed(), null, null, null)
        : new Entry(version, now, now, body, gzip(body), ends.toByteArray());
  }

  private static byte[] gzip(byte[] body) {
    ByteArrayOutputStream compressed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(compressed)) {
      gzip.write(body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return compressed.toByteArray();
  }

  private static byte[] surrounded(byte[] items) {
    byte[] list = new byte[items.length + 2];
    list[0] = '[';
    System.arraycopy(items, 0, list, 1, items.length);
    list[list.length - 1] = ']';
    return list;
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
