package io.github.camelrestcache.base;

import org.apache.camel.Exchange;
import org.apache.camel.spi.ExceptionHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs the failure of a background route on one line. */
public final class OneLine implements ExceptionHandler {

  private static final Logger LOG = LoggerFactory.getLogger(OneLine.class);

  @Override
  public void handleException(Throwable failure) {
    handleException(null, null, failure);
  }

  @Override
  public void handleException(String message, Throwable failure) {
    handleException(message, null, failure);
  }

  @Override
  public void handleException(String message, Exchange exchange, Throwable failure) {
    String route = exchange == null ? "A route" : exchange.getFromRouteId();
    LOG.warn("{} failed: {}", route, BadConfiguration.sentence(failure));
    LOG.debug("{} failed", route, failure);
  }
}
