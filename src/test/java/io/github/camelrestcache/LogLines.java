package io.github.camelrestcache;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Property;

/** What is logged from now on by one logger, each line behind the name of its request. */
final class LogLines extends AbstractAppender implements AutoCloseable {

  private final List<String> lines = Collections.synchronizedList(new ArrayList<>());
  private final Logger logger;

  private LogLines(Logger logger) {
    super("lines", null, null, true, Property.EMPTY_ARRAY);
    this.logger = logger;
  }

  static LogLines of(String name) {
    LogLines lines = new LogLines((Logger) LogManager.getLogger(name));
    lines.start();
    lines.logger.addAppender(lines);
    return lines;
  }

  @Override
  public void append(LogEvent event) {
    lines.add(
        "[%s] %s"
            .formatted(
                String.valueOf(event.getContextData().<Object>getValue("http.request.id")),
                event.getMessage().getFormattedMessage()));
  }

  List<String> lines() {
    synchronized (lines) {
      return List.copyOf(lines);
    }
  }

  @Override
  public void close() {
    logger.removeAppender(this);
    stop();
  }
}
