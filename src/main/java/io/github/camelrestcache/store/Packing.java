package io.github.camelrestcache.store;

import io.github.camelrestcache.base.Hash;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;

/**
 * Compression of cached endpoints. The items of each page are compressed separately, up to a byte
 * boundary. A whole gzip (RFC 1952) is spliced from new and stored pages, and a page is cut out of
 * it, so nothing is compressed twice.
 */
public final class Packing {

  private static final byte[] HEADER = HexFormat.of().parseHex("1f8b08000000000000ff");

  /** RFC 1951 3.2.4: a stored block of one byte, without that byte. */
  private static final byte[] ONE_BYTE = HexFormat.of().parseHex("000100feff");

  /** An empty final block. */
  private static final byte[] END = {3, 0};

  private static final int BUFFER = 1 << 14;

  /** A page without its position in the whole, and its compressed items. */
  public record Piece(Page page, byte[] packed) {

    /** The same with another next page. */
    public Piece before(String next) {
      return new Piece(page.before(next), packed);
    }
  }

  private Packing() {}

  /** Compresses a range of bytes, up to a byte boundary. */
  public static byte[] pack(byte[] json, int start, int length) {
    Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream out = new DeflaterOutputStream(packed, deflater, BUFFER, true)) {
      out.write(json, start, length);
      out.flush();
      return packed.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      deflater.end();
    }
  }

  /**
   * Splices pages into an entry: an object, or a list with its brackets and commas.
   *
   * @param form see {@link Entry}
   * @param when the time of GitHub's answer
   * @param fence the fence of the lease
   */
  public static Entry whole(
      List<Piece> pieces, boolean list, String form, Instant when, long fence) {
    ByteArrayOutputStream gzip = new ByteArrayOutputStream();
    gzip.writeBytes(HEADER);
    List<Page> pages = new ArrayList<>();
    for (Piece piece : pieces) {
      if (list) {
        storeByte(gzip, pages.isEmpty() ? '[' : ',');
      }
      pages.add(piece.page().at(gzip.size()));
      gzip.writeBytes(piece.packed());
    }
    if (list) {
      storeByte(gzip, ']');
    }
    gzip.writeBytes(END);
    byte[] spliced = gzip.toByteArray();
    MessageDigest version = Hash.sha256();
    CRC32 check = new CRC32();
    long length = 0;
    try (InputStream whole =
        new DigestInputStream(
            new CheckedInputStream(
                inflating(spliced, HEADER.length, spliced.length - HEADER.length), check),
            version)) {
      length = whole.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    ByteBuffer trailer = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    gzip.writeBytes(trailer.putInt((int) check.getValue()).putInt((int) length).array());
    String name = HexFormat.of().formatHex(version.digest()).substring(0, 32);
    return new Entry(name, form, when, when, fence, fence, pages, gzip.toByteArray());
  }

  private static void storeByte(ByteArrayOutputStream gzip, char only) {
    gzip.writeBytes(ONE_BYTE);
    gzip.write(only);
  }

  /** Inflates packed bytes while they are read. */
  static InputStream inflating(byte[] packed, int start, int length) {
    return new InflaterInputStream(
        new ByteArrayInputStream(packed, start, length), new Inflater(true), BUFFER) {
      @Override
      public void close() throws IOException {
        super.close();
        inf.end();
      }
    };
  }
}
