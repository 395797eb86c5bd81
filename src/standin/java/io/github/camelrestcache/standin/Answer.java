package io.github.camelrestcache.standin;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/**
 * An answer before it is sent.
 *
 * @param status the status code
 * @param content the body in full, also when it is not to be sent
 * @param headers header lines in order; names may repeat; the list can be added to
 */
record Answer(int status, Content content, List<Map.Entry<String, String>> headers) {
  private static final String DOCS = "https://docs.github.com/";
  private static final DateTimeFormatter HTTP_DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US)
          .withZone(ZoneOffset.UTC);

  /** A body with its media type; digest and gzip form are made once. */
  static final class Content {
    final byte[] bytes;
    final String type;
    final String digest;
    private Content gzip;

    /** What JSON names in place of https://api.github.com; null leaves it. */
    static volatile String url;

    Content(byte[] bytes, String type) {
      this.bytes = bytes;
      this.type = type;
      this.digest = sha256(bytes);
    }

    static Content json(JsonNode node) {
      try {
        // as bytes, because the writer of text escapes less
        String json = new String(GitHubJson.MAPPER.writeValueAsBytes(node), UTF_8);
        String named = url == null ? json : json.replace("https://api.github.com", url);
        return text(named, "application/json");
      } catch (JsonProcessingException impossible) {
        throw new UncheckedIOException(impossible);
      }
    }

    static Content text(String text, String type) {
      return new Content(text.getBytes(UTF_8), type + "; charset=utf-8");
    }

    /** Returns the same content compressed. */
    synchronized Content gzip() {
      if (gzip == null) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream deflater = new GZIPOutputStream(out)) {
          deflater.write(bytes);
        } catch (IOException impossible) {
          throw new UncheckedIOException(impossible);
        }
        gzip = new Content(out.toByteArray(), type);
      }
      return gzip;
    }
  }

  static Answer of(int status, Content content) {
    return new Answer(status, content, new ArrayList<>());
  }

  static Answer json(int status, JsonNode node) {
    return of(status, Content.json(node));
  }

  /** GitHub's form of an error, with the page of its documentation that explains it. */
  static Answer error(int status, String message, String page) {
    return json(
        status,
        GitHubJson.MAPPER
            .createObjectNode()
            .put("message", message)
            .put("documentation_url", DOCS + page)
            .put("status", Integer.toString(status)));
  }

  static Answer notFound() {
    return error(404, "Not Found", "rest");
  }

  static Answer noJson() {
    return error(400, "Problems parsing JSON", "rest");
  }

  /** The answer to a request that lacks a required field. */
  static Answer missing(String field, String page) {
    return error(422, "Invalid request.\n\n\"" + field + "\" wasn't supplied.", page);
  }

  /** The answer to a request that has nothing in a required field. */
  static Answer invalid(String resource, String field, String page) {
    ObjectNode body = GitHubJson.MAPPER.createObjectNode().put("message", "Validation Failed");
    body.putArray("errors")
        .addObject()
        .put("resource", resource)
        .put("field", field)
        .put("code", "missing_field");
    return json(422, body.put("documentation_url", DOCS + page).put("status", "422"));
  }

  Answer with(String name, String value) {
    headers.add(Map.entry(name, value));
    return this;
  }

  /** Adds a header with a time in HTTP's form, to the second. */
  Answer with(String name, Instant time) {
    return with(name, HTTP_DATE.format(time));
  }

  /** Returns the value of a header that was given before, or null. */
  String header(String name) {
    return headers.stream()
        .filter(line -> line.getKey().equals(name))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse(null);
  }

  /** Compares two times in HTTP's form; false when one of them is none. */
  static boolean isNotLater(String time, String limit) {
    try {
      return time != null
          && !Instant.from(HTTP_DATE.parse(time)).isAfter(Instant.from(HTTP_DATE.parse(limit)));
    } catch (DateTimeException malformed) {
      return false;
    }
  }

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
