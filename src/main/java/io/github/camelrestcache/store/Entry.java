package io.github.camelrestcache.store;

import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.catalog.CachedEndpoint.Shape;
import io.github.camelrestcache.store.Packing.Piece;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * A cached endpoint as stored: compressed, with its pages.
 *
 * @param version the hash of the content, see {@link #version(byte[])}
 * @param form the hash of how GitHub was asked; validators of another form are not used
 * @param fetched when GitHub last confirmed this content, to the second
 * @param changed when the content was first seen, to the second
 * @param fence the fence of the lease that published it; a newer entry has a higher one
 * @param written the fence of the lease that wrote the pages; lower if they were only validated
 *     since
 * @param pages in order, or null if the content was not requested
 * @param gzip the JSON in UTF-8, see {@link Packing}, or null if the content was not requested
 */
public record Entry(
    String version,
    String form,
    Instant fetched,
    Instant changed,
    long fence,
    long written,
    List<Page> pages,
    byte[] gzip) {

  private static final int BUFFER = 1 << 16;

  /** The version of a content: 32 hexadecimal digits. */
  public static String version(byte[] content) {
    return Hash.of(content).substring(0, 32);
  }

  /** The same content, validated at a later time. */
  public Entry validated(Instant when, long newFence) {
    return new Entry(version, form, when, changed, newFence, written, pages, gzip);
  }

  /** The same content with another time of change. */
  public Entry changedAt(Instant when) {
    return new Entry(version, form, fetched, when, fence, written, pages, gzip);
  }

  /**
   * Lists as one entry without content: the versions of all, and the earliest confirmation by
   * GitHub. Several have no time of change, because a list may change later that was requested
   * earlier. Null for null.
   */
  public static Entry of(List<Entry> lists) {
    return lists == null ? null : lists.stream().reduce(Entry::and).orElse(null);
  }

  private Entry and(Entry other) {
    return new Entry(
        version + " " + other.version,
        null,
        fetched.isBefore(other.fetched) ? fetched : other.fetched,
        null,
        0,
        0,
        null,
        null);
  }

  /** Short, because routes convert it to text when they compare it with null. */
  @Override
  public String toString() {
    return "entry " + version;
  }

  /** Whether it is a list rather than an object. */
  public boolean isList() {
    return pages.get(0).ends() != null;
  }

  /** The time since GitHub last confirmed it, never negative. */
  public Duration age(Instant now) {
    Duration age = Duration.between(fetched, now);
    return age.isNegative() ? Duration.ZERO : age;
  }

  /** The number of items of a list. */
  public int items() {
    return pages.stream().mapToInt(page -> page.ends().length).sum();
  }

  /** The length of the JSON in bytes. */
  public long length() {
    long items = pages.stream().mapToLong(Page::length).sum();
    return isList() ? items + pages.size() + 1 : items;
  }

  /** The JSON. */
  public byte[] body() {
    try (InputStream body = content()) {
      return body.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The JSON as a stream.
   *
   * @throws IOException if the stored bytes are not gzip
   */
  public InputStream content() throws IOException {
    return new GZIPInputStream(new ByteArrayInputStream(gzip), BUFFER);
  }

  /** Whether it has content of this shape, whose gzip passes its checksum and has every page. */
  boolean isSound(Shape shape) {
    if (gzip == null || pages == null || pages.isEmpty() || isList() != (shape == Shape.LIST)) {
      return false;
    }
    try (InputStream body = content()) {
      body.transferTo(OutputStream.nullOutputStream());
      return pages.stream().allMatch(page -> page.start() + page.packed() <= gzip.length);
    } catch (IOException e) {
      return false;
    }
  }

  /** The compressed items of a page. */
  public byte[] packed(Page page) {
    return Arrays.copyOfRange(gzip, page.start(), page.start() + page.packed());
  }

  /** A list of these pages in gzip; none of them is compressed again. */
  public byte[] gzip(List<Page> some) {
    List<Piece> pieces = some.stream().map(page -> new Piece(page, packed(page))).toList();
    return Packing.whole(pieces, true, form, changed, fence).gzip();
  }

  /** The items of a page, without the enclosing brackets. */
  public byte[] items(Page page) {
    try (InputStream items = Packing.inflating(gzip, page.start(), page.packed())) {
      return items.readNBytes(page.length());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
