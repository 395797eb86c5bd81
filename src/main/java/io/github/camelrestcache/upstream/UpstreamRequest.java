package io.github.camelrestcache.upstream;

import io.github.camelrestcache.base.HttpFields;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.apache.hc.core5.http.HttpEntity;

/**
 * What GitHub is to be asked, exactly. The route that asks finds it in the variable {@code ask}.
 *
 * @param method the request method
 * @param target path and query below the path of {@code GITHUB_API_URL}
 * @param fields the header fields, without those of one connection
 * @param content the content, or null
 * @param lent whether the service's token goes along for a caller who brought none
 * @param credential names whose answers these are, by a hash: a caller's own Authorization, or the
 *     service's token that is lent, or nobody's
 * @param isCached whether the answer may come from the cache and go into it
 * @param deadline when the connection is given up, whatever comes over it, or null
 */
public record UpstreamRequest(
    String method,
    String target,
    HttpFields fields,
    HttpEntity content,
    boolean lent,
    String credential,
    boolean isCached,
    Instant deadline) {

  /** With these a server may take a GET for a write. */
  private static final List<String> METHOD_OVERRIDES =
      List.of("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override");

  private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS", "TRACE");

  /**
   * Whether it changes nothing (RFC 9110 9.2.1). Who may not write may not make what is stored
   * unused either, so a field that asks for another method makes no write of a read.
   */
  public boolean isSafe() {
    return SAFE.contains(method);
  }

  /** Whether fields ask for another method than that of their request. */
  static boolean isOverridden(HttpFields fields) {
    return METHOD_OVERRIDES.stream().anyMatch(fields::contains);
  }

  /** Whether a caller's own Authorization goes along. */
  public boolean isOfOneCaller() {
    return !lent && !isShared();
  }

  /** Whether it is a GET or a HEAD. */
  public boolean isRead() {
    return method.equals("GET") || method.equals("HEAD");
  }

  /** Whether no credential goes along, so that the cache for it is a shared one (RFC 9111 1). */
  public boolean isShared() {
    return !fields.contains("Authorization");
  }

  /** The target up to the query. */
  public String path() {
    return target.replaceFirst("\\?.*", "");
  }
}
