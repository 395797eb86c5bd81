package io.github.camelrestcache.refresh;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.CachedEndpoint.Shape;
import io.github.camelrestcache.store.Packing;
import io.github.camelrestcache.store.Packing.Piece;
import io.github.camelrestcache.store.Page;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The content of a page: one JSON value of the right shape, whose bytes stay unchanged. */
final class PageContent {

  /** Accepts only UTF-8: pages in other encodings could not be spliced. */
  private static final JsonFactory JSON =
      JsonFactory.builder().disable(JsonFactory.Feature.CHARSET_DETECTION).build();

  private final CachedEndpoint endpoint;
  private final byte[] body;
  private final List<Integer> ends = new ArrayList<>();
  private final List<String> ids = new ArrayList<>();

  /**
   * Reads a page.
   *
   * @throws RefreshFailed if it is not exactly one value of the right shape
   */
  PageContent(CachedEndpoint endpoint, byte[] body) {
    this.endpoint = endpoint;
    this.body = body;
    check();
  }

  private void check() {
    JsonToken expected =
        endpoint.shape() == Shape.LIST ? JsonToken.START_ARRAY : JsonToken.START_OBJECT;
    try (JsonParser parser = JSON.createParser(body)) {
      UTF_8.newDecoder().decode(ByteBuffer.wrap(body)); // the parser accepts some invalid UTF-8
      JsonToken first = parser.nextToken();
      if (first == null) {
        throw answered("with no content");
      }
      if (first != expected) {
        String shape = endpoint.shape().name().toLowerCase(Locale.ROOT);
        throw answered("with something other than the expected %s".formatted(shape));
      }
      while (first == JsonToken.START_ARRAY && parser.nextToken() != JsonToken.END_ARRAY) {
        readItem(parser);
        ends.add((int) parser.currentLocation().getByteOffset());
      }
      parser.skipChildren();
      if (parser.nextToken() != null) {
        throw answered("with more than one value");
      }
    } catch (IOException e) {
      throw answered(
          "with broken JSON (%s)".formatted(e.getMessage().lines().findFirst().orElse("")));
    }
  }

  private RefreshFailed answered(String how) {
    return new RefreshFailed("GitHub answered " + endpoint.path() + " " + how);
  }

  private void readItem(JsonParser parser) throws IOException {
    if (parser.currentToken() == JsonToken.START_OBJECT) {
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean isId = parser.currentName().equals("id");
        if (parser.nextToken().isScalarValue() && isId) {
          ids.add(parser.getText());
        }
        parser.skipChildren();
      }
    } else {
      parser.skipChildren();
      parser.finishToken();
    }
  }

  /**
   * Compresses the object, or the items of the list without the brackets and white space around
   * them.
   *
   * @param target the path and query of the request
   * @param validator its {@code ETag}, or null
   */
  Piece piece(String target, String validator) {
    if (endpoint.shape() == Shape.OBJECT) {
      return piece(target, validator, 0, body.length, null);
    }
    String text = new String(body, ISO_8859_1); // a character for each byte
    int start = text.indexOf('[') + 1;
    int end = text.lastIndexOf(']');
    while (start < end && text.charAt(start) <= ' ') {
      start++;
    }
    while (end > start && text.charAt(end - 1) <= ' ') {
      end--;
    }
    int before = start;
    return piece(
        target,
        validator,
        start,
        end - start,
        ends.stream().mapToInt(each -> each - before).toArray());
  }

  private Piece piece(String target, String validator, int start, int length, int[] itemEnds) {
    byte[] packed = Packing.pack(body, start, length);
    Page page = new Page(target, validator, null, 0, packed.length, length, itemEnds, ids);
    return new Piece(page, packed);
  }
}
