package io.github.camelrestcache.cache;

import org.apache.camel.Exchange;
import org.apache.camel.support.SynchronizationAdapter;

/** What is given back when an exchange is done, however it ends. */
final class OnDone extends SynchronizationAdapter {

  private final Runnable action;

  private OnDone(Runnable action) {
    this.action = action;
  }

  static void run(Exchange exchange, Runnable action) {
    exchange.getExchangeExtension().addOnCompletion(new OnDone(action));
  }

  @Override
  public void onDone(Exchange done) {
    action.run();
  }
}
