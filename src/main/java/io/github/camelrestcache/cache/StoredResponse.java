package io.github.camelrestcache.cache;

import static java.util.stream.Collectors.joining;

import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.base.HttpDates;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.upstream.UpstreamRequest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * A stored response (RFC 9111 3) to a GET.
 *
 * @param status the status code
 * @param fields the header fields as they arrived, without those of one connection
 * @param content the content in its content coding; empty for a {@linkplain #variants() list of
 *     names}
 * @param received when it arrived or was validated, in milliseconds since 1970
 * @param version the version of its path before GitHub was asked
 * @param token see {@link UpstreamRequest#token()}
 * @param selecting the request fields that {@code Vary} names, with their values (RFC 9111 4.1)
 */
record StoredResponse(
    int status,
    HttpFields fields,
    byte[] content,
    long received,
    Scopes.Version version,
    String token,
    HttpFields selecting) {

  private static final int FORMAT = 2;

  /** Fields whose values are stored as hashes. */
  private static final Set<String> SECRET = Set.of("cookie", "x-github-otp");

  /** Fields that do not select: each credential has its partition, and clients get any coding. */
  private static final Set<String> NOT_SELECTING = Set.of("accept-encoding", "authorization");

  /** Fields of a stored response that validation does not replace: they describe its content. */
  private static final List<String> OF_CONTENT =
      List.of("Content-Encoding", "Content-Type", "Content-Range");

  /** The status of a list of names, which is no response. */
  private static final int VARIANTS = 0;

  /** A new response; adds the date if GitHub sent none (RFC 9110 6.6.1). */
  static StoredResponse of(
      int status,
      HttpFields answered,
      byte[] content,
      Instant now,
      Scopes.Version version,
      UpstreamRequest ask) {
    HttpFields fields = dated(answered, now).endToEnd();
    HttpFields selecting = selecting(names(fields), ask.fields());
    long received = now.toEpochMilli();
    return new StoredResponse(status, fields, content, received, version, ask.token(), selecting);
  }

  /** Tells at the key of a resource by which request fields its responses vary. */
  StoredResponse variants() {
    return new StoredResponse(
        VARIANTS, new HttpFields(), new byte[0], received, version, token, selecting);
  }

  /** Whether a request selects this response (RFC 9111 4.1). */
  boolean isSelectedBy(HttpFields asked) {
    return status != VARIANTS && selecting(names(), asked).all().equals(selecting.all());
  }

  /** Whether no request selects it, because {@code Vary} is {@code *}. */
  boolean varies() {
    return names(fields).contains("*");
  }

  /** Whether requests that select it have none of the fields but {@code Accept}. */
  boolean isUsual() {
    return selecting.all().stream()
        .allMatch(field -> field.getValue().isEmpty() || field.getKey().equals("accept"));
  }

  /** The names of the request fields that select it, in lower case and in order. */
  Set<String> names() {
    Set<String> names = new TreeSet<>();
    selecting.all().forEach(field -> names.add(field.getKey()));
    return names;
  }

  /** The names in {@code Vary} that select a response, in lower case and in order. */
  static Set<String> names(HttpFields fields) {
    Set<String> names = new TreeSet<>();
    String vary = fields.get("Vary");
    if (vary != null) {
      for (String name : vary.toLowerCase(Locale.ROOT).split(",")) {
        names.add(name.strip());
      }
      names.remove("");
      names.removeAll(NOT_SELECTING);
    }
    return names;
  }

  /** The values of these fields in a request, of secret ones as hashes. */
  static HttpFields selecting(Set<String> names, HttpFields asked) {
    HttpFields values = new HttpFields();
    for (String name : names) {
      String normal = normal(name, asked.get(name));
      values.add(name, SECRET.contains(name) && !normal.isEmpty() ? Hash.of(normal) : normal);
    }
    return values;
  }

  /** The normal form of a list: no spaces, and for negotiation neither case nor order count. */
  private static String normal(String name, String value) {
    // no pattern: clients choose the value, and it is normalised on an event loop
    Stream<String> parts =
        Stream.of(value == null ? new String[0] : value.split(",")).map(String::strip);
    return name.startsWith("accept")
        ? parts.map(part -> part.toLowerCase(Locale.ROOT)).sorted().collect(joining(","))
        : parts.collect(joining(","));
  }

  /** The stored response after a 304 (RFC 9111 4.3.4 and 3.2). */
  StoredResponse validated(
      HttpFields answered, Instant now, Scopes.Version newVersion, UpstreamRequest ask) {
    HttpFields updated = new HttpFields(fields.all());
    HttpFields sent = dated(answered, now).endToEnd();
    updated.remove("Age");
    OF_CONTENT.forEach(sent::remove);
    sent.remove("Set-Cookie"); // is for the client that has just asked
    sent.all().forEach(field -> updated.remove(field.getKey()));
    sent.all().forEach(field -> updated.add(field.getKey(), field.getValue()));
    return new StoredResponse(
        status,
        updated,
        content,
        now.toEpochMilli(),
        newVersion,
        ask.token(),
        selecting(names(updated), ask.fields()));
  }

  private static HttpFields dated(HttpFields answered, Instant now) {
    String date = answered.get("Date");
    return date != null && HttpDates.parse(date) != null
        ? answered
        : new HttpFields(answered.all()).set("Date", HttpDates.format(now));
  }

  /**
   * The age in seconds (RFC 9111 4.2.3). {@code Date} does not count: it compares the clocks of two
   * machines, and GitHub's answers come straight from GitHub.
   */
  long age(Instant now) {
    return initialAge(fields) + Math.max(0, now.toEpochMilli() - received) / 1000;
  }

  /** The first number in {@code Age} (RFC 9111 5.1), 0 if it is missing or invalid. */
  static long initialAge(HttpFields fields) {
    String age = fields.get("Age");
    return age == null ? 0 : Directives.number(age.split(",", 2)[0].strip(), 0);
  }

  /**
   * The form in Redis.
   *
   * @throws IOException if a field has more than 65,535 bytes
   */
  byte[] toBytes() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(content.length + 2048);
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeByte(FORMAT);
    out.writeShort(status);
    out.writeLong(received);
    out.writeUTF(version.purge());
    out.writeUTF(version.mark());
    out.writeUTF(token);
    write(selecting, out);
    write(fields, out);
    out.write(content);
    return bytes.toByteArray();
  }

  private static void write(HttpFields fields, DataOutputStream out) throws IOException {
    out.writeShort(fields.all().size());
    for (Map.Entry<String, String> field : fields.all()) {
      out.writeUTF(field.getKey());
      out.writeUTF(field.getValue());
    }
  }

  /** Reads what {@link #toBytes()} wrote; null if it is empty or something else. */
  static StoredResponse of(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      if (bytes.length == 0 || in.readByte() != FORMAT) {
        return null;
      }
      int status = in.readShort();
      long received = in.readLong();
      Scopes.Version version = new Scopes.Version(in.readUTF(), in.readUTF());
      String token = in.readUTF();
      HttpFields selecting = read(in);
      HttpFields fields = read(in);
      return new StoredResponse(
          status, fields, in.readAllBytes(), received, version, token, selecting);
    } catch (IOException e) {
      return null;
    }
  }

  private static HttpFields read(DataInputStream in) throws IOException {
    HttpFields fields = new HttpFields();
    for (int left = in.readUnsignedShort(); left > 0; left--) {
      fields.add(in.readUTF(), in.readUTF());
    }
    return fields;
  }
}
