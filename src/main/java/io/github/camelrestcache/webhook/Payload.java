package io.github.camelrestcache.webhook;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;

/** Reads from a payload what an event has changed, without keeping the payload. */
final class Payload {

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .disable(StreamReadFeature.AUTO_CLOSE_SOURCE)
          // would keep all names of a payload whose signature is not checked yet
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .streamReadConstraints(StreamReadConstraints.builder().maxStringLength(1_000).build())
          .build();

  private Payload() {}

  /**
   * The scopes that an event has changed, each by name and by number: those of the repository, or
   * of the organization if the event is about no repository.
   *
   * @return empty if the payload does not say so, such as one that is form-encoded
   */
  static List<String> scopes(InputStream json) throws IOException {
    List<String> repository = List.of();
    List<String> organization = List.of();
    try (JsonParser parser = JSON.createParser(json)) {
      if (parser.nextToken() == JsonToken.START_OBJECT) {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          String name = parser.currentName();
          boolean isObject = parser.nextToken() == JsonToken.START_OBJECT;
          if (isObject && name.equals("repository")) {
            repository = read(parser, "full_name", "/repos/", "/repositories/");
          } else if (isObject && name.equals("organization")) {
            organization = read(parser, "login", "/orgs/", "/organizations/");
          } else {
            parser.skipChildren();
          }
        }
      }
    } catch (JsonProcessingException | CharConversionException e) {
      return List.of();
    }
    return repository.isEmpty() ? organization : repository;
  }

  private static List<String> read(
      JsonParser parser, String nameField, String byName, String byNumber) throws IOException {
    String name = null;
    String number = null;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      JsonToken value = parser.nextToken();
      if (field.equals(nameField) && value == JsonToken.VALUE_STRING) {
        name = byName + parser.getText().toLowerCase(Locale.ROOT);
      } else if (field.equals("id") && value == JsonToken.VALUE_NUMBER_INT) {
        number = byNumber + parser.getText();
      } else {
        parser.skipChildren();
      }
    }
    return Stream.of(name, number).filter(Objects::nonNull).toList();
  }
}
