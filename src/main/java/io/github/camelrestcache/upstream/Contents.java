package io.github.camelrestcache.upstream;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.camelrestcache.base.ContentCoding;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import org.apache.hc.client5.http.classic.ExecRuntime;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.MessageHeaders;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.io.entity.HttpEntityWrapper;
import org.apache.hc.core5.http.io.entity.InputStreamEntity;

/** The contents of requests to GitHub and of its answers. */
final class Contents {

  /** In bytes; GitHub's messages are shorter. */
  static final int SMALL = 64 << 10;

  private Contents() {}

  /** The first value of a field, or null. */
  static String field(MessageHeaders message, String name) {
    Header header = message.getFirstHeader(name);
    return header == null ? null : header.getValue();
  }

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
    String coding = field(response, "Content-Encoding");
    byte[] begin = peek(response, SMALL);
    try {
      return new String(ContentCoding.decoded(coding, begin, SMALL), UTF_8);
    } catch (IOException e) {
      return ""; // it is not the gzip that it claims to be, or longer
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
