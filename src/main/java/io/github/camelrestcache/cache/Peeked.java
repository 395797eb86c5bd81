package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.ContentCoding;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.io.entity.InputStreamEntity;

/** Content whose beginning has been read. */
final class Peeked {

  /** GitHub's messages are short. */
  private static final int LARGEST_MESSAGE = 64 << 10;

  private Peeked() {}

  /** The whole content. */
  static HttpEntity whole(byte[] begin, InputStream rest, long length) {
    return new InputStreamEntity(
        new SequenceInputStream(new ByteArrayInputStream(begin), rest), length, null);
  }

  /** The content as text; it can be read again afterwards. */
  static String text(ClassicHttpResponse response) throws IOException {
    if (response.getEntity() == null) {
      return "";
    }
    InputStream rest = response.getEntity().getContent();
    byte[] content = rest.readNBytes(LARGEST_MESSAGE);
    response.setEntity(
        content.length < LARGEST_MESSAGE
            ? new ByteArrayEntity(content, null)
            : whole(content, rest, response.getEntity().getContentLength()));
    Header coding = response.getFirstHeader("Content-Encoding");
    String named = coding == null ? null : coding.getValue();
    return new String(
        ContentCoding.decoded(named, content, LARGEST_MESSAGE), StandardCharsets.UTF_8);
  }
}
