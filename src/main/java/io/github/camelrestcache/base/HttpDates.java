package io.github.camelrestcache.base;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalField;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.apache.hc.client5.http.utils.DateUtils;

/** Parses the three date formats of RFC 9110 5.6.7, ignoring case. */
public final class HttpDates {

  /** The day of the week is ignored: it is redundant and often wrong. */
  private static final Set<TemporalField> FIELDS =
      Set.of(
          ChronoField.YEAR,
          ChronoField.YEAR_OF_ERA,
          ChronoField.MONTH_OF_YEAR,
          ChronoField.DAY_OF_MONTH,
          ChronoField.HOUR_OF_DAY,
          ChronoField.MINUTE_OF_HOUR,
          ChronoField.SECOND_OF_MINUTE);

  private static final List<DateTimeFormatter> FORMATS =
      List.of(
          format("EEE, dd MMM yyyy HH:mm:ss 'GMT'"),
          new DateTimeFormatterBuilder()
              .parseCaseInsensitive()
              .appendPattern("EEEE, dd-MMM-")
              .appendValueReduced(ChronoField.YEAR, 2, 2, java.time.LocalDate.now().getYear() - 49)
              .appendPattern(" HH:mm:ss 'GMT'")
              .toFormatter(Locale.US)
              .withResolverFields(FIELDS)
              .withZone(ZoneOffset.UTC),
          format("EEE MMM ppd HH:mm:ss yyyy"));

  private HttpDates() {}

  private static DateTimeFormatter format(String pattern) {
    return new DateTimeFormatterBuilder()
        .parseCaseInsensitive()
        .appendPattern(pattern)
        .toFormatter(Locale.US)
        .withResolverFields(FIELDS)
        .withZone(ZoneOffset.UTC);
  }

  /** Returns the time, or null if the value is invalid. */
  public static Instant parse(String value) {
    for (DateTimeFormatter format : FORMATS) {
      try {
        return ZonedDateTime.parse(value, format).toInstant();
      } catch (DateTimeException e) {
        // try the next format
      }
    }
    return null;
  }

  /** Formats a time as IMF-fixdate. */
  public static String format(Instant time) {
    return DateUtils.formatStandardDate(time);
  }
}
