package io.github.camelrestcache.base;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.Locale;
import org.apache.hc.client5.http.utils.DateUtils;

/** Parses the three date formats of RFC 9110 5.6.7, ignoring case. */
public final class HttpDates {

  private static final DateTimeFormatter FORMATS =
      new DateTimeFormatterBuilder()
          .parseCaseInsensitive()
          .appendPattern("[EEE, dd MMM yyyy HH:mm:ss 'GMT'][EEE MMM ppd HH:mm:ss yyyy]")
          .optionalStart()
          .appendPattern("EEEE, dd-MMM-")
          .appendValueReduced(ChronoField.YEAR, 2, 2, LocalDate.now().getYear() - 49)
          .appendPattern(" HH:mm:ss 'GMT'")
          .toFormatter(Locale.US)
          .withResolverFields( // without the day of the week: it is redundant and often wrong
              ChronoField.YEAR,
              ChronoField.YEAR_OF_ERA,
              ChronoField.MONTH_OF_YEAR,
              ChronoField.DAY_OF_MONTH,
              ChronoField.HOUR_OF_DAY,
              ChronoField.MINUTE_OF_HOUR,
              ChronoField.SECOND_OF_MINUTE)
          .withZone(ZoneOffset.UTC);

  private HttpDates() {}

  /** Returns the time, or null if the value is invalid. */
  public static Instant parse(String value) {
    try {
      return FORMATS.parse(value, Instant::from);
    } catch (DateTimeException e) {
      return null;
    }
  }

  /** Formats a time as IMF-fixdate. */
  public static String format(Instant time) {
    return DateUtils.formatStandardDate(time);
  }
}
