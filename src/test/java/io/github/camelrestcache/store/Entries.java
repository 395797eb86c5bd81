package io.github.camelrestcache.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.List;
import java.util.zip.GZIPOutputStream;

/** Entries for tests that only need the content. */
public final class Entries {

  private Entries() {}

  /** An entry with this version and JSON. */
  public static Entry of(String version, String json) {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(json.getBytes(UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Entry(
        version, "form", Instant.EPOCH, Instant.EPOCH, 1, 1, List.of(), packed.toByteArray());
  }
}
