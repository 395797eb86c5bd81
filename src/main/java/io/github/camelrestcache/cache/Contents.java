package io.github.camelrestcache.cache;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.ContentCoding;
import io.github.camelrestcache.base.InFlight.Share;
import io.github.camelrestcache.base.Problem;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import org.apache.hc.client5.http.classic.ExecRuntime;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.io.entity.HttpEntityWrapper;
import org.apache.hc.core5.http.io.entity.InputStreamEntity;

/** The contents of requests to GitHub and of its answers. */
final class Contents {

  /** Contents up to this many bytes need no reservation; GitHub's messages are shorter. */
  static final int SMALL = 64 << 10;

  private Contents() {}

  /**
   * Reads the beginning of a content, which stays readable as a whole.
   *
   * @param most the maximum number of bytes to read
   */
  static byte[] peek(ClassicHttpResponse response, int most) throws IOException {
    HttpEntity entity = response.getEntity();
    InputStream rest = entity.getContent();
    byte[] begin = rest.readNBytes(most);
    response.setEntity(
        begin.length < most
            ? new ByteArrayEntity(begin, null)
            : new InputStreamEntity(
                new SequenceInputStream(new ByteArrayInputStream(begin), rest),
                entity.getContentLength(),
                null));
    return begin;
  }

  /** The content as text, without its coding; it stays readable. */
  static String text(ClassicHttpResponse response) throws IOException {
    if (response.getEntity() == null) {
      return "";
    }
    String coding = KeptFields.value(response, "Content-Encoding");
    return new String(ContentCoding.decoded(coding, peek(response, SMALL), SMALL), UTF_8);
  }

  /**
   * Reserves memory for a content, which is copied several times on its way into the cache and out
   * of it.
   *
   * @param request the request that it answers, or null to reserve nothing
   * @throws Problem 503 if too much is reserved
   */
  static void reserve(ClientRequest request, long size) {
    if (size > SMALL && request != null && !request.ticket().take(Share.CONTENTS, size)) {
      throw Problem.busy("Many large answers are requested at this time");
    }
  }

  /**
   * Reserves memory for an answer that will be stored.
   *
   * @param longest the largest content that is stored, in bytes
   */
  static void reserve(ClientRequest request, ClassicHttpResponse response, int longest)
      throws IOException {
    long length = response.getEntity() == null ? 0 : response.getEntity().getContentLength();
    if (length < 0 && peek(response, SMALL + 1).length > SMALL) {
      length = longest;
    }
    if (length <= longest) {
      reserve(request, length);
    }
  }

  /** Content that drops its connection if it is closed early; HttpClient would read the rest. */
  static HttpEntity abandonable(HttpEntity entity, ExecRuntime connection) throws IOException {
    InputStream content =
        new FilterInputStream(entity.getContent()) {
          @Override
          public void close() throws IOException {
            connection.discardEndpoint(); // at the end of the content, it is free already
            in.close();
          }
        };
    return new InputStreamEntity(content, entity.getContentLength(), null);
  }

  /**
   * The content of a request, which GitHub gets whole or not at all: if it breaks off, the
   * connection is dropped. HttpCore would end it as if it were complete.
   */
  static HttpEntity upload(HttpEntity content, ExecRuntime connection) {
    return new HttpEntityWrapper(content) {
      @Override
      public void writeTo(OutputStream out) throws IOException {
        try {
          super.writeTo(out);
        } catch (Throwable e) {
          connection.discardEndpoint();
          throw e;
        }
      }
    };
  }
}
