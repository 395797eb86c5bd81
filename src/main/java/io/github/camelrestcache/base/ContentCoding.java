package io.github.camelrestcache.base;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.zip.GZIPInputStream;

/** The content coding (RFC 9110 8.4.1) that GitHub is asked for. */
public final class ContentCoding {

  private ContentCoding() {}

  /**
   * Takes gzip off; any other coding stays.
   *
   * @param coding the value of {@code Content-Encoding}, or null
   * @param most the rest is cut off
   * @throws IOException when it is no gzip
   */
  public static byte[] decoded(String coding, byte[] content, int most) throws IOException {
    return "gzip".equalsIgnoreCase(coding)
        ? new GZIPInputStream(new ByteArrayInputStream(content)).readNBytes(most)
        : content;
  }
}
