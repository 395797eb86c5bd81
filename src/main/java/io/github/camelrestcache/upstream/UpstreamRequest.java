package io.github.camelrestcache.upstream;

import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.base.HttpFields;
import java.time.Instant;
import java.util.List;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.Method;

/**
 * A request to GitHub, exactly as it is sent. Routes find it in the variable {@code ask}.
 *
 * @param target path and query below the path of {@code GITHUB_API_URL}
 * @param fields the header fields, without hop-by-hop fields
 * @param content the content, or null
 * @param lent whether the service's token is lent to a caller without credentials
 * @param credential the cache partition: a hash of the caller's Authorization, of the lent token or
 *     of the App's installation; {@code nobody} for an anonymous request
 * @param key identifies what the cache may answer it with and store, or null
 * @param deadline when the connection is aborted in any case, or null
 */
public record UpstreamRequest(
    String method,
    String target,
    HttpFields fields,
    HttpEntity content,
    boolean lent,
    String credential,
    String key,
    Instant deadline) {

  private static final List<String> CONDITIONS =
      List.of("If-None-Match", "If-Modified-Since", "Range", "If-Range");

  /**
   * Whether the method is not safe (RFC 9110 9.2.1). A method override does not make a read unsafe:
   * callers without write access must not be able to invalidate stored answers.
   */
  public boolean isUnsafe() {
    return !Method.isSafe(method);
  }

  /** Whether it carries a caller's own Authorization. */
  public boolean isOfOneCaller() {
    return !lent && !isShared();
  }

  /**
   * Tells apart the tokens of a cache partition. GitHub's entity tags depend on the token: a
   * validator that came with another one never matches.
   */
  public String token() {
    return lent ? Hash.of(fields.get("Authorization")) : "";
  }

  public boolean isRead() {
    return method.equals("GET") || method.equals("HEAD");
  }

  /** Whether it carries no Authorization, so that its cache is a shared one (RFC 9111 1). */
  public boolean isShared() {
    return !fields.contains("Authorization");
  }

  /** The target without its query. */
  public String path() {
    int query = target.indexOf('?');
    return query < 0 ? target : target.substring(0, query);
  }

  /**
   * The same request with conditions of the cache in place of the client's (RFC 9111 4.3.1).
   *
   * @param entityTag the stored {@code ETag}, or null
   * @param lastModified the stored {@code Last-Modified}, or null
   */
  public UpstreamRequest validating(String entityTag, String lastModified) {
    HttpFields conditional = new HttpFields(fields.all());
    CONDITIONS.forEach(conditional::remove);
    if (entityTag != null) {
      conditional.add("If-None-Match", entityTag);
    }
    if (lastModified != null) {
      conditional.add("If-Modified-Since", lastModified);
    }
    return new UpstreamRequest(
        method, target, conditional, content, lent, credential, key, deadline);
  }
}
