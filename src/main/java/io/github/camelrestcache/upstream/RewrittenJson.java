package io.github.camelrestcache.upstream;

import io.github.camelrestcache.base.ContentCoding;
import java.io.IOException;
import java.util.Locale;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;

/**
 * GitHub's JSON with the URLs of this service, rewritten once before it is stored ({@code
 * REWRITE_URLS=all}). Content above the maximum size of an entry stays unchanged.
 */
record RewrittenJson(UpstreamUrls urls, int mostBytes) {

  /**
   * Rewrites a JSON answer, its length and its entity tag; others stay as they are, except for the
   * tag of a 304 that validates rewritten JSON.
   *
   * @param asked the entity tags of the request's {@code If-None-Match}, or null
   */
  void rewrite(ClassicHttpResponse response, String asked) throws IOException {
    boolean rewritten =
        response.getCode() == 304
            ? asked != null && !urls.unmark(asked).equals(asked)
            : urls.areAll() && isJson(response) && rewriteContent(response);
    String tag = Contents.field(response, "ETag");
    if (rewritten && tag != null) {
      response.setHeader("ETag", urls.mark(tag));
    }
  }

  private static boolean isJson(ClassicHttpResponse response) {
    String type = Contents.field(response, "Content-Type");
    // raw files and diffs come as application/vnd.github.…+json
    return type != null && type.toLowerCase(Locale.ROOT).startsWith("application/json");
  }

  /** Returns false if the content is too large or in another coding than gzip. */
  private boolean rewriteContent(ClassicHttpResponse response) throws IOException {
    String coding = Contents.field(response, "Content-Encoding");
    if (coding != null && !coding.equalsIgnoreCase("gzip")) {
      return false;
    }
    if (response.getEntity() == null) {
      response.removeHeaders("Content-Length"); // of a HEAD: the rewritten content has another
      return true;
    }
    byte[] read = Contents.peek(response, mostBytes + 1);
    if (read.length > mostBytes) {
      return false;
    }
    byte[] json;
    try {
      json = ContentCoding.decoded(coding, read, mostBytes + 1);
    } catch (IOException e) {
      return false;
    }
    if (json.length > mostBytes) {
      return false;
    }
    byte[] rewritten = coding == null ? urls.json(json) : ContentCoding.gzip(urls.json(json));
    response.setEntity(new ByteArrayEntity(rewritten, null));
    response.removeHeaders("Transfer-Encoding");
    response.setHeader("Content-Length", Integer.toString(rewritten.length));
    return true;
  }
}
