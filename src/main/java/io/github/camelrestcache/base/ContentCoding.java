package io.github.camelrestcache.base;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.zip.GZIPInputStream;

/** Decodes gzip, the only content coding requested from GitHub (RFC 9110 8.4.1). */
public final class ContentCoding {

  private ContentCoding() {}

  /**
   * Decodes gzip; content in any other coding is returned as is.
   *
   * @param coding the value of {@code Content-Encoding}, or null
   * @param most the maximum number of decoded bytes; the rest is dropped
   * @throws IOException if the content is not valid gzip
   */
  public static byte[] decoded(String coding, byte[] content, int most) throws IOException {
    return "gzip".equalsIgnoreCase(coding)
        ? new GZIPInputStream(new ByteArrayInputStream(content)).readNBytes(most)
        : content;
  }
}
