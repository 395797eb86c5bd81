package io.github.camelrestcache.cache;

import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Conditions;
import io.github.camelrestcache.base.ContentCoding;
import io.github.camelrestcache.base.HttpDates;
import io.github.camelrestcache.base.HttpFields;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;

/**
 * What one client gets: a response in the coding that it accepts, with its conditions and its range
 * evaluated. {@code ETag} and {@code Last-Modified} stay GitHub's in each coding.
 *
 * @param content bytes, or a stream of a content that is passed on or large, or null
 */
record Representation(int status, HttpFields fields, Object content) {

  /** A longer content is decoded while it is sent, in bytes. */
  private static final int LARGE = 1 << 20;

  private static final Pattern ONE_RANGE =
      Pattern.compile("(?i)bytes=\\s*(\\d{0,9})-(\\d{0,9})\\s*");

  /** A response that GitHub has just sent and nobody stores. */
  static Representation passed(
      ClientRequest client, int status, HttpFields answered, InputStream content)
      throws IOException {
    HttpFields fields = answered.endToEnd();
    if (!fields.contains("Date")) {
      fields.add("Date", HttpDates.format(Instant.now()));
    }
    if (isDecoded(client, fields) && status != 206) {
      fields = decoded(fields);
      return new Representation(
          status, fields, content == null ? null : new GZIPInputStream(content, HttpCache.SMALL));
    }
    String length = answered.get("Content-Length");
    if (length != null && !answered.contains("Transfer-Encoding")) {
      fields.add("Content-Length", length);
    }
    return new Representation(status, fields, content);
  }

  /**
   * A response in memory.
   *
   * @param fields its fields, with its age
   */
  static Representation stored(ClientRequest client, StoredResponse response, HttpFields fields)
      throws IOException {
    int status = response.status();
    Object content = response.content();
    HttpFields own = fields;
    if (isDecoded(client, fields)) {
      own = decoded(fields);
      content = decoded(response.content());
    }
    if (status == 200 && isNotModified(client.fields(), own)) {
      return notModified(own);
    }
    if (content instanceof byte[] bytes && status != 204) {
      own.add("Content-Length", Integer.toString(bytes.length));
      if (status == 200 && client.method().equals("GET")) {
        return new Representation(status, own, bytes).range(client.fields());
      }
    }
    return new Representation(status, own, client.method().equals("HEAD") ? null : content);
  }

  private static boolean isDecoded(ClientRequest client, HttpFields fields) {
    return "gzip".equalsIgnoreCase(fields.get("Content-Encoding"))
        && ContentCoding.negotiated(client.fields().get("Accept-Encoding")).equals("identity")
        && !client.fields().contains("Range");
  }

  private static HttpFields decoded(HttpFields fields) {
    HttpFields decoded = new HttpFields(fields.all()).remove("Content-Encoding");
    String vary = fields.get("Vary");
    if (vary == null || !vary.toLowerCase(Locale.ROOT).contains("accept-encoding")) {
      decoded.add("Vary", "Accept-Encoding");
    }
    return decoded;
  }

  /** The decoded content, or a stream if it is large. */
  private static Object decoded(byte[] gzip) throws IOException {
    InputStream content = new GZIPInputStream(new ByteArrayInputStream(gzip), HttpCache.SMALL);
    byte[] begin = content.readNBytes(LARGE + 1);
    return begin.length <= LARGE
        ? begin
        : new GZIPInputStream(new ByteArrayInputStream(gzip), HttpCache.SMALL);
  }

  private static boolean isNotModified(HttpFields request, HttpFields fields) {
    // RFC 9111 4.3.2: without Last-Modified, Date replaces it
    String modified = fields.get(fields.contains("Last-Modified") ? "Last-Modified" : "Date");
    Instant since = modified == null ? null : HttpDates.parse(modified);
    return Conditions.isNotModified(request, fields.get("ETag"), since);
  }

  /** RFC 9110 15.4.5: a 304 without the fields of the content. */
  private static Representation notModified(HttpFields fields) {
    HttpFields kept = new HttpFields();
    for (Map.Entry<String, String> field : fields.all()) {
      String name = field.getKey().toLowerCase(Locale.ROOT);
      if (!name.startsWith("content-") || name.equals("content-location")) {
        kept.add(field.getKey(), field.getValue());
      }
    }
    return new Representation(304, kept, null);
  }

  /** One range of the content (RFC 9110 14.2); several ranges get all of it. */
  private Representation range(HttpFields request) {
    String range = request.get("Range");
    Matcher one = ONE_RANGE.matcher(range == null ? "" : range);
    if (!one.matches()
        || one.group(1).isEmpty() && one.group(2).isEmpty()
        || !isUnchanged(request.get("If-Range"))) {
      return this;
    }
    byte[] whole = (byte[]) content;
    int length = whole.length;
    int last = one.group(2).isEmpty() ? length - 1 : Integer.parseInt(one.group(2));
    int from = one.group(1).isEmpty() ? Math.max(0, length - last) : Integer.parseInt(one.group(1));
    int to = one.group(1).isEmpty() ? length - 1 : Math.min(last, length - 1);
    if (from > last && !one.group(1).isEmpty() && !one.group(2).isEmpty()) {
      return this; // invalid, so ignored
    }
    HttpFields partial = new HttpFields(fields.all());
    if (from > to) {
      partial.set("Content-Range", "bytes */" + length).set("Content-Length", "0");
      return new Representation(416, partial, null);
    }
    partial
        .set("Content-Range", "bytes %d-%d/%d".formatted(from, to, length))
        .set("Content-Length", Integer.toString(to + 1 - from));
    return new Representation(206, partial, Arrays.copyOfRange(whole, from, to + 1));
  }

  /** RFC 9110 13.1.5: the strong comparison, or the exact date. */
  private boolean isUnchanged(String validator) {
    if (validator == null) {
      return true;
    }
    String stored = fields.get(validator.contains("\"") ? "ETag" : "Last-Modified");
    return validator.equals(stored) && !validator.startsWith("W/");
  }
}
