package io.github.camelrestcache.base;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/** The content coding gzip (RFC 9110 8.4.1), the only one that is used here. */
public final class ContentCoding {

  private static final int MAGIC = 2;
  private static final int BUFFER = 1 << 16;

  private ContentCoding() {}

  /** Whether a content begins as gzip does (RFC 1952 2.3.1). */
  public static boolean isGzip(byte[] content) {
    return content.length >= MAGIC && content[0] == 0x1f && content[1] == (byte) 0x8b;
  }

  /** Encodes a content. */
  public static byte[] gzip(byte[] content) {
    ByteArrayOutputStream packed = new ByteArrayOutputStream(content.length / 4);
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return packed.toByteArray();
  }

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

  /** Decodes gzip while it is read; content that does not begin as gzip does stays as it is. */
  public static InputStream decoding(InputStream content) throws IOException {
    PushbackInputStream ahead = new PushbackInputStream(content, MAGIC);
    byte[] begin = ahead.readNBytes(MAGIC);
    ahead.unread(begin);
    return isGzip(begin) ? new GZIPInputStream(ahead, BUFFER) : ahead;
  }

  /** Adds {@code Accept-Encoding} to {@code Vary} unless it is there (RFC 9110 12.5.5). */
  public static void vary(HttpFields fields) {
    String vary = fields.get("Vary");
    if (vary == null || !vary.toLowerCase(Locale.ROOT).contains("accept-encoding")) {
      fields.add("Vary", "Accept-Encoding");
    }
  }

  /**
   * The coding for a client (RFC 9110 12.5.3): {@code gzip} if the client does not prefer {@code
   * identity}. A client that refuses both gets {@code identity}.
   *
   * @param accepted the value of {@code Accept-Encoding}, or null
   */
  public static String negotiated(String accepted) {
    if (accepted == null) {
      return "identity";
    }
    if (accepted.equals("gzip") || accepted.startsWith("gzip,") && accepted.indexOf(';') < 0) {
      return "gzip"; // what most clients send
    }
    Map<String, Double> weights = Weights.of(accepted);
    double identity = weights.getOrDefault("identity", weights.getOrDefault("*", 0.0));
    boolean refused = weights.containsKey("identity") && identity == 0;
    double others = weights.getOrDefault("*", refused ? 1.0 : 0.0);
    double gzip = weights.getOrDefault("gzip", weights.getOrDefault("x-gzip", others));
    return gzip > 0 && gzip >= identity ? "gzip" : "identity";
  }
}
