package io.github.camelrestcache.refresh;

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

/** Reads the content of a page: one JSON value of the right shape, whose bytes stay unchanged. */
final class PageContent {

  /** Accepts only UTF-8: pages in other encodings could not be spliced. */
  private static final JsonFactory JSON =
      JsonFactory.builder().disable(JsonFactory.Feature.CHARSET_DETECTION).build();

  private PageContent() {}

  /**
   * Compresses an object, or the items of a list without the brackets and white space around them.
   *
   * @param target the path and query of the request
   * @param validator the {@code ETag} of the answer, or null
   * @param onPrivate told of each item of a list whose field {@code private} is true
   * @throws RefreshFailed if the content is not exactly one value of the right shape
   */
  static Piece read(
      CachedEndpoint endpoint,
      String target,
      String validator,
      byte[] content,
      Runnable onPrivate) {
    boolean list = endpoint.shape() == Shape.LIST;
    List<Integer> ends = new ArrayList<>();
    List<String> ids = new ArrayList<>();
    int start = 0;
    int end = list ? 0 : content.length;
    try (JsonParser parser = JSON.createParser(content)) {
      UTF_8.newDecoder().decode(ByteBuffer.wrap(content)); // the parser accepts some invalid UTF-8
      JsonToken first = parser.nextToken();
      if (first == null) {
        throw answered(endpoint, "with no content");
      }
      boolean wrapped = !endpoint.items().isEmpty();
      if (first != (list && !wrapped ? JsonToken.START_ARRAY : JsonToken.START_OBJECT)) {
        String shape = wrapped ? "object" : endpoint.shape().name().toLowerCase(Locale.ROOT);
        throw answered(endpoint, "with something other than the expected " + shape);
      }
      if (wrapped && !findItems(parser, endpoint)) {
        throw answered(endpoint, "without a list in the field '" + endpoint.items() + "'");
      }
      while (list && parser.nextToken() != JsonToken.END_ARRAY) {
        if (ends.isEmpty()) {
          start = (int) parser.currentTokenLocation().getByteOffset();
        }
        readItem(parser, ids, onPrivate);
        end = (int) parser.currentLocation().getByteOffset();
        ends.add(end - start);
      }
      do {
        parser.skipChildren();
      } while (wrapped && parser.nextToken() != JsonToken.END_OBJECT);
      if (parser.nextToken() != null) {
        throw answered(endpoint, "with more than one value");
      }
    } catch (IOException e) {
      String reason = e.getMessage().lines().findFirst().orElse("");
      throw answered(endpoint, "with broken JSON (" + reason + ")");
    }
    int[] itemEnds = list ? ends.stream().mapToInt(Integer::intValue).toArray() : null;
    byte[] packed = Packing.pack(content, start, end - start);
    return new Piece(
        new Page(target, validator, null, 0, packed.length, end - start, itemEnds, ids), packed);
  }

  /** Advances the parser to the list of items; returns false if the object has no such list. */
  private static boolean findItems(JsonParser parser, CachedEndpoint endpoint) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      JsonToken value = parser.nextToken();
      if (field.equals(endpoint.items())) {
        return value == JsonToken.START_ARRAY;
      } else if (field.equals("incomplete_results") && value == JsonToken.VALUE_TRUE) {
        throw answered(endpoint, "with incomplete results"); // a search took too long
      }
      parser.skipChildren();
    }
    return false;
  }

  private static RefreshFailed answered(CachedEndpoint endpoint, String how) {
    return new RefreshFailed("GitHub answered " + endpoint.path() + " " + how);
  }

  /** Reads an item to its end and adds its {@code id}, if it has one. */
  private static void readItem(JsonParser parser, List<String> ids, Runnable onPrivate)
      throws IOException {
    if (parser.currentToken() == JsonToken.START_OBJECT) {
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        JsonToken value = parser.nextToken();
        if (value.isScalarValue() && name.equals("id")) {
          ids.add(parser.getText());
        } else if (value == JsonToken.VALUE_TRUE && name.equals("private")) {
          onPrivate.run();
        }
        parser.skipChildren();
      }
    } else {
      parser.skipChildren();
      parser.finishToken();
    }
  }
}
