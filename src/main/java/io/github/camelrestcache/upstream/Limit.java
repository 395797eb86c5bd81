package io.github.camelrestcache.upstream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.camelrestcache.base.HttpDates;
import java.time.Duration;
import java.time.Instant;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * A rate limit as GitHub reports it ("Rate limits for the REST API").
 *
 * @param limit how many requests a window allows
 * @param remaining how many of them are left
 * @param reset when the next window begins, in seconds since 1970 by GitHub's clock
 */
public record Limit(long limit, long remaining, long reset) {

  /** The beginning of the names of its fields. */
  public static final String PREFIX = "x-ratelimit-";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern NUMBER = Pattern.compile("\\d{1,12}");
  private static final int LONGEST_MESSAGE = 200;

  /** The longest wait; GitHub's windows last an hour. */
  private static final Duration LONGEST = Duration.ofDays(1);

  /** The limit in the fields of an answer, or null. */
  public static Limit of(UnaryOperator<String> fields) {
    long limit = number(fields.apply(PREFIX + "limit"));
    long remaining = number(fields.apply(PREFIX + "remaining"));
    long reset = number(fields.apply(PREFIX + "reset"));
    return limit < 0 || remaining < 0 || reset < 0 ? null : new Limit(limit, remaining, reset);
  }

  /**
   * How long a refusal lasts: until {@code Retry-After}, or else, if nothing remains, until the
   * reset by GitHub's clock; at most a day.
   *
   * @return null if the answer does not say
   */
  public static Duration wait(UnaryOperator<String> fields) {
    Duration wait = retryAfter(fields);
    long reset = number(fields.apply(PREFIX + "reset"));
    return wait == null && number(fields.apply(PREFIX + "remaining")) == 0 && reset >= 0
        ? atMost(Duration.between(now(fields), Instant.ofEpochSecond(reset)))
        : wait;
  }

  /** The time in {@code Retry-After}, at most a day, or null. */
  static Duration retryAfter(UnaryOperator<String> fields) {
    String value = fields.apply("Retry-After");
    if (number(value) >= 0) {
      return atMost(Duration.ofSeconds(number(value)));
    }
    Instant until = value == null ? null : HttpDates.parse(value);
    return until == null ? null : atMost(Duration.between(now(fields), until));
  }

  private static Duration atMost(Duration wait) {
    return wait.compareTo(LONGEST) > 0 ? LONGEST : wait;
  }

  /** GitHub's time in whole seconds, if it differs from the local time by 2 s or more. */
  static Instant now(UnaryOperator<String> fields) {
    Instant here = Instant.now();
    String date = fields.apply("Date");
    Instant there = date == null ? null : HttpDates.parse(date);
    return there == null || Duration.between(there, here).abs().toSeconds() < 2 ? here : there;
  }

  /** The message in the JSON of a refusal, or an empty string. */
  public static String message(String content) {
    try {
      String message = JSON.readTree(content).path("message").asText();
      String line = message.replaceAll("\\p{Cntrl}+", " ");
      return line.substring(0, Math.min(LONGEST_MESSAGE, line.length()));
    } catch (JsonProcessingException e) {
      return "";
    }
  }

  /** Whether a field of this name is about a limit. */
  public static boolean isOf(String name) {
    return name.regionMatches(true, 0, PREFIX, 0, PREFIX.length());
  }

  private static long number(String value) {
    return value != null && NUMBER.matcher(value).matches() ? Long.parseLong(value) : -1;
  }

  /** The resource that a request for a path probably counts against; only the answer names it. */
  public static String guessed(String path) {
    if (path.startsWith("/search/code")) {
      return "code_search";
    }
    return path.startsWith("/search/") ? "search" : path.equals("/graphql") ? "graphql" : "core";
  }
}
