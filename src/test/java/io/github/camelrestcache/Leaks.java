package io.github.camelrestcache;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;

/**
 * Searches all log lines, responses, management pages and Redis keys and values of the services in
 * tests for their secrets, and responses for file paths of the service. Closing a service fails if
 * anything was found.
 */
final class Leaks {

  /** Shorter secrets could occur by chance. */
  private static final int MIN_LENGTH = 8;

  /** An absolute path of a file of the service, or its location in a jar. */
  private static final Pattern FILE =
      Pattern.compile(
          "jar!|file:/|%s/(routes|kamelets|target)/|%s/junit"
              .formatted(
                  Pattern.quote(System.getProperty("user.dir")),
                  Pattern.quote(System.getProperty("java.io.tmpdir"))));

  private static final Pattern FILE_OR_LINE = Pattern.compile(FILE + "|\\.yaml:\\d");

  private static final Set<String> SECRETS = ConcurrentHashMap.newKeySet();
  private static final ConcurrentLinkedQueue<String> FOUND = new ConcurrentLinkedQueue<>();
  private static final ConcurrentMap<String, Integer> LOOKED_AT = new ConcurrentHashMap<>();

  private static final List<String> PAGES =
      List.of(
          "/",
          "/admin/status",
          "/admin/endpoints",
          "/openapi.json",
          "/observe/health",
          "/observe/metrics");

  private static final AppenderBase<ILoggingEvent> LOG =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          String trace = ThrowableProxyUtil.asString(event.getThrowableProxy());
          look(
              "a line of the log",
              event.getFormattedMessage() + event.getMDCPropertyMap().values() + trace);
        }
      };

  static {
    LOG.start();
    ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).addAppender(LOG);
  }

  private Leaks() {}

  /** Registers the secrets in a service's settings, given by property keys or variables. */
  static void watch(Map<String, String> settings) {
    settings.forEach(
        (key, value) -> {
          String name = key.toLowerCase().replace('_', '.');
          if (name.matches("github.api.token|admin.token|github.webhook.secret")) {
            watch(value);
          } else if (name.equals("github.api.token.file") && Files.isRegularFile(Path.of(value))) {
            watch(text(Path.of(value)).strip());
          } else if (name.equals("redis.url") && value.contains("@")) {
            String user = value.replaceFirst("^[^:]*://", "").replaceFirst("@[^@]*$", "");
            watch(URLDecoder.decode(user.replaceFirst("^[^:]*:", ""), UTF_8));
          }
        });
  }

  static void watch(String secret) {
    if (secret.length() >= MIN_LENGTH) {
      SECRETS.add(secret);
    }
  }

  /** Searches a response to a client. */
  static void look(HttpResponse<?> answer) {
    look("the fields of the answer to " + answer.uri(), answer.headers().map().toString());
    if (answer.body() instanceof byte[] bytes) {
      look("the answer to " + answer.uri(), bytes);
    } else if (answer.body() instanceof String text) {
      look("the answer to " + answer.uri(), text);
      // the management port may show file and line of an endpoint or view; error responses may not
      Matcher file = (answer.statusCode() >= 400 ? FILE_OR_LINE : FILE).matcher(text);
      if (file.find()) {
        FOUND.add("a file is in the answer to " + answer.uri() + ": " + cut(text, file.group()));
      }
    }
  }

  /** Searches a running service's management pages and its Redis. */
  static void look(Service service) {
    for (String page : PAGES) {
      service.send(request -> request.uri(URI.create(service.managementUrl(page))));
    }
    try {
      for (String key : Stored.in(service).keys("*")) {
        look("a key in Redis", key);
        Stored.values(service, key).forEach(value -> look("a value in Redis at " + key, value));
      }
    } catch (DataAccessException e) {
      // the test has stopped Redis
    }
  }

  private static void look(String where, byte[] bytes) {
    look(where, new String(bytes, ISO_8859_1));
    try (GZIPInputStream content = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
      look(where, new String(content.readAllBytes(), ISO_8859_1));
    } catch (IOException e) {
      // not gzip
    }
  }

  /** Searches a text. */
  static void look(String where, String text) {
    LOOKED_AT.merge(where.replaceFirst(" (to|at) .*", ""), 1, Integer::sum);
    SECRETS.stream()
        .filter(text::contains)
        .forEach(secret -> FOUND.add(secret + " is in " + where + ": " + cut(text, secret)));
  }

  private static String cut(String text, String secret) {
    int at = text.indexOf(secret);
    return text.substring(Math.max(0, at - 60), Math.min(text.length(), at + 60));
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns and clears the findings. */
  static List<String> found() {
    List<String> all = new ArrayList<>();
    for (String each = FOUND.poll(); each != null; each = FOUND.poll()) {
      all.add(each);
    }
    return all;
  }

  /** The number of searched texts by kind. */
  static Map<String, Integer> lookedAt() {
    return Map.copyOf(LOOKED_AT);
  }

  /** Fails if there are findings, and clears them. */
  static void check() {
    List<String> found = found();
    if (!found.isEmpty()) {
      throw new AssertionError("A secret has come to light: " + String.join("\n", found));
    }
  }
}
