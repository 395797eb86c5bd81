package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.ContentCoding;
import io.github.camelrestcache.upstream.UpstreamUrls;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.zip.GZIPOutputStream;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;

/**
 * GitHub's JSON with the URLs of this service, rewritten once before it is stored ({@code
 * REWRITE_URLS=all}). Content above the maximum size of an entry stays unchanged.
 */
record RewrittenJson(UpstreamUrls urls, int mostBytes) {

  /** Rewrites a JSON answer, its length and its entity tag; others stay as they are. */
  void rewrite(ClassicHttpResponse response) throws IOException {
    Header type = response.getFirstHeader("Content-Type");
    // raw files and diffs come as application/vnd.github.…+json
    if (!urls.areAll()
        || type == null
        || !type.getValue().toLowerCase(java.util.Locale.ROOT).startsWith("application/json")) {
      return;
    }
    Header coding = response.getFirstHeader("Content-Encoding");
    boolean gzip = coding != null && coding.getValue().equalsIgnoreCase("gzip");
    if (coding != null && !gzip) {
      return;
    }
    if (response.getEntity() == null) {
      response.removeHeaders(
          "Content-Length"); // a HEAD: the length of the rewritten content differs
    } else if (!rewriteContent(response, gzip)) {
      return;
    }
    Header tag = response.getFirstHeader("ETag");
    if (tag != null) {
      response.setHeader("ETag", urls.mark(tag.getValue()));
    }
  }

  private boolean rewriteContent(ClassicHttpResponse response, boolean gzip) throws IOException {
    byte[] read = Contents.peek(response, mostBytes + 1);
    byte[] json = read.length > mostBytes ? null : gzip ? unzipped(read) : read;
    if (json == null) {
      return false;
    }
    byte[] rewritten = urls.json(json);
    byte[] sent = gzip ? zipped(rewritten) : rewritten;
    response.setEntity(new ByteArrayEntity(sent, null));
    response.removeHeaders("Transfer-Encoding");
    response.setHeader("Content-Length", Integer.toString(sent.length));
    return true;
  }

  /** Null if it is not gzip or too large. */
  private byte[] unzipped(byte[] zipped) {
    try {
      byte[] json = ContentCoding.decoded("gzip", zipped, mostBytes + 1);
      return json.length > mostBytes ? null : json;
    } catch (IOException e) {
      return null;
    }
  }

  private static byte[] zipped(byte[] json) throws IOException {
    ByteArrayOutputStream zipped = new ByteArrayOutputStream(json.length / 4);
    try (GZIPOutputStream gzip = new GZIPOutputStream(zipped)) {
      gzip.write(json);
    }
    return zipped.toByteArray();
  }
}
