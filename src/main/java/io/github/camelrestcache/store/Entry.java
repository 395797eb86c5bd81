package io.github.camelrestcache.store;

import io.github.camelrestcache.base.Hash;
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
 * A cached endpoint as it is stored: compressed, with the pages that it came in.
 *
 * @param version names this content: the same for the same bytes
 * @param form names how it was asked for: what was validated in another form says nothing here
 * @param fetched when GitHub was last asked and gave this content, to the second
 * @param changed when the content was first seen, to the second
 * @param fence the number of the lease under which it was published: a newer entry has a higher one
 * @param written the number of the lease under which its pages were written; it is older if they
 *     have only been validated since
 * @param pages in their order, or null if the content was not asked for
 * @param gzip the JSON in UTF-8, compressed, see {@link Packing}; null if it was not asked for
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

  /** The same content, validated later. */
  public Entry validated(Instant when, long newFence) {
    return new Entry(version, form, when, changed, newFence, written, pages, gzip);
  }

  /** The same, as the content was seen first at another time. */
  public Entry changedAt(Instant when) {
    return new Entry(version, form, fetched, when, fence, written, pages, gzip);
  }

  /** Short: routes make a text of it when they compare it with null. */
  @Override
  public String toString() {
    return "entry " + version;
  }

  /** Whether it is a list, and not one object. */
  public boolean isList() {
    return pages.get(0).ends() != null;
  }

  /** How long ago GitHub was last asked for it. */
  public Duration age(Instant now) {
    Duration age = Duration.between(fetched, now);
    return age.isNegative() ? Duration.ZERO : age;
  }

  /** How many items a list has. */
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
   * @throws IOException when what is stored is no gzip
   */
  public InputStream content() throws IOException {
    return new GZIPInputStream(new ByteArrayInputStream(gzip), BUFFER);
  }

  /** Whether the content is whole, by its check sum, and its pages are in it. */
  boolean isSound() {
    try (InputStream body = content()) {
      body.transferTo(OutputStream.nullOutputStream());
      return pages.stream().allMatch(page -> page.start() + page.packed() <= gzip.length);
    } catch (IOException e) {
      return false;
    }
  }

  /** The items of a page, compressed. */
  public byte[] packed(Page page) {
    return Arrays.copyOfRange(gzip, page.start(), page.start() + page.packed());
  }

  /** The items of a page, without the brackets around them. */
  public byte[] items(Page page) {
    return Packing.unpack(gzip, page);
  }
}
