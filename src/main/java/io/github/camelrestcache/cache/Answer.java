package io.github.camelrestcache.cache;

import io.github.camelrestcache.upstream.UpstreamResponse;
import java.io.InputStream;

/**
 * The answer to a forwarded request, before it is adapted to the client. Routes find it in the
 * variable {@code answer}.
 *
 * @param kind where it comes from
 * @param response the response in memory, or null if it is passed on
 * @param isKept whether the response is to be stored
 * @param passed GitHub's response if it is passed on and not stored, or null
 * @param content the content to pass on, or null
 */
public record Answer(
    Kind kind,
    StoredResponse response,
    boolean isKept,
    UpstreamResponse passed,
    InputStream content) {

  /** Where an answer comes from. */
  enum Kind {
    /** from the store, without asking GitHub */
    HIT,
    /** from GitHub just now */
    NEW,
    /** from the store, after GitHub has failed */
    STOOD_IN,
    /** from GitHub, not storable */
    PASSED
  }

  /** Short, because routes convert it to text when they compare it with null. */
  @Override
  public String toString() {
    return kind.name();
  }

  static Answer hit(StoredResponse response) {
    return new Answer(Kind.HIT, response, false, null, null);
  }

  static Answer fresh(StoredResponse response, boolean isKept) {
    return new Answer(Kind.NEW, response, isKept, null, null);
  }

  static Answer stoodIn(StoredResponse response) {
    return new Answer(Kind.STOOD_IN, response, false, null, null);
  }

  static Answer passed(UpstreamResponse response, InputStream content) {
    return new Answer(Kind.PASSED, null, false, response, content);
  }
}
