package io.github.camelrestcache.cache;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.RedisConnection;
import io.github.camelrestcache.upstream.UpstreamRequest;
import io.github.camelrestcache.upstream.UpstreamResponse;
import java.net.URI;
import java.net.URLDecoder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.dao.DataAccessException;

/**
 * Where paths belong. What a write or an event may change at once is a <i>scope</i>: a repository,
 * an organization, a user or a gist, with all paths below it. GitHub's links name repositories and
 * organizations by number; Redis has the names of the numbers that were seen in links.
 */
public final class Places {

  private static final Pattern SCOPE = Pattern.compile("/repos/[^/]+/[^/]+|/[^/]*(/[^/]+)?");
  private static final Pattern NUMBER =
      Pattern.compile("/(?:repositories|organizations|user)/\\d+(?![^/?>])");

  /** A number in the path of a link. */
  private static final Pattern LINKED = Pattern.compile("<[^>?]*?(" + NUMBER.pattern() + ")");

  /** A repository may be renamed. */
  private static final Duration KNOWN = Duration.ofHours(1);

  /**
   * Where a path belongs.
   *
   * @param path the path in its plain form
   * @param scope the name of its scope, by name if that is known
   */
  record Place(String path, String scope) {}

  /** The names of scopes by their numbers. */
  private final Cache<String, String> names =
      Caffeine.newBuilder()
          .executor(Runnable::run)
          .maximumSize(10_000)
          .expireAfterWrite(KNOWN)
          .build();

  private final RedisConnection redis;
  private final Keys keys;
  private final URI upstream;

  public Places(RedisConnection redis, Keys keys, URI upstream) {
    this.redis = redis;
    this.keys = keys;
    this.upstream = upstream;
  }

  /** The scope of a path in its plain form. */
  static String scope(String plainPath) {
    Matcher scope = SCOPE.matcher(plainPath);
    return scope.lookingAt() ? scope.group() : plainPath;
  }

  /** Normalises a path without its query: GitHub treats such paths alike. */
  static String plain(String path) {
    String decoded = path.split("\\?", 2)[0];
    try {
      decoded = URLDecoder.decode(decoded.replace("+", "%2B"), UTF_8);
    } catch (IllegalArgumentException e) {
      // keep it as it is
    }
    int end = decoded.length();
    while (end > 0 && decoded.charAt(end - 1) == '/') {
      end--;
    }
    String plain = decoded.substring(0, end).toLowerCase(Locale.ROOT);
    return plain.startsWith("/") ? plain : "/" + plain;
  }

  /** Where a path belongs; asks Redis for the name of a number that is not known here. */
  Place of(String path) {
    Place known = known(path);
    return known != null ? known : new Place(plain(path), named(scope(plain(path))));
  }

  /** Where a path belongs, or null if only Redis may know it. */
  Place known(String path) {
    String plain = plain(path);
    String scope = scope(plain);
    String name = NUMBER.matcher(scope).matches() ? names.getIfPresent(scope) : scope;
    return name == null ? null : new Place(plain, name);
  }

  /** The name of a scope, or its number if that is all that is known. */
  String named(String scope) {
    if (!NUMBER.matcher(scope).matches()) {
      return scope;
    }
    String name = names.getIfPresent(scope);
    if (name == null) {
      try {
        byte[] stored = (byte[]) redis.opsForValue().get(key(scope));
        if (stored != null) {
          name = new String(stored, UTF_8);
          names.put(scope, name);
        }
      } catch (DataAccessException e) {
        // it is asked again with the next request
      }
    }
    return name == null ? scope : name;
  }

  /** Learns from a {@code Link} what GitHub calls the scope of a path by number. */
  void learn(Found found, UpstreamResponse answered) {
    String scope = found.place().scope();
    String link = answered.fields().get("Link");
    if (link == null || !found.isCacheable() || NUMBER.matcher(scope).matches()) {
      return;
    }
    LINKED
        .matcher(link.toLowerCase(Locale.ROOT))
        .results()
        .map(number -> number.group(1))
        .distinct()
        .filter(number -> !scope.equals(names.getIfPresent(number)))
        .forEach(
            number -> {
              try {
                redis.opsForValue().set(key(number), scope.getBytes(UTF_8), Responses.STALE);
                names.put(number, scope);
              } catch (DataAccessException e) {
                // it is learned again
              }
            });
  }

  /** The scopes that a write changes: those of its path and of what its answer names. */
  List<String> written(UpstreamRequest ask, UpstreamResponse answered) {
    List<String> paths = new ArrayList<>(List.of(ask.path()));
    for (String name : List.of("Location", "Content-Location")) {
      String reference = answered.fields().get(name);
      String path = reference == null ? null : path(ask, reference);
      if (path != null) {
        paths.add(path);
      }
    }
    List<String> scopes = new ArrayList<>();
    for (String path : paths) {
      String scope = of(path).scope();
      String list = scope.replaceFirst("/[^/]*$", ""); // such as /gists and /notifications
      scopes.add(scope);
      if (!list.isEmpty() && !scope.startsWith("/repos/")) {
        scopes.add(list);
      }
    }
    return scopes.stream().distinct().toList();
  }

  /** The path of a reference in an answer, below that of the upstream, or null. */
  private String path(UpstreamRequest ask, String reference) {
    try {
      String base = upstream.getRawPath().replaceAll("/+$", "");
      URI to = upstream.resolve(base + ask.target()).resolve(reference);
      boolean sameOrigin =
          upstream.getScheme().equalsIgnoreCase(to.getScheme())
              && upstream.getAuthority().equalsIgnoreCase(to.getAuthority());
      return sameOrigin && to.getRawPath().startsWith(base)
          ? to.getRawPath().substring(base.length())
          : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private String key(String number) {
    return keys.of("forward:name:" + Hash.of(number));
  }
}
