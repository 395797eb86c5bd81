package io.github.camelrestcache.cache;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.io.entity.InputStreamEntity;

/** Content whose begin was looked at. */
final class Peeked {

  private Peeked() {}

  /** The whole of it again. */
  static HttpEntity whole(byte[] begin, InputStream rest, long length) {
    return new InputStreamEntity(
        new SequenceInputStream(new ByteArrayInputStream(begin), rest), length, null);
  }
}
