package io.github.camelrestcache.app;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes resources in reverse order. Camel calls it with the registry, after all routes. */
public final class Closing implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Closing.class);

  private final Deque<AutoCloseable> open = new ArrayDeque<>();

  void add(AutoCloseable each) {
    open.push(each);
  }

  @Override
  public void close() {
    for (AutoCloseable each = open.poll(); each != null; each = open.poll()) {
      try {
        each.close();
      } catch (Exception e) {
        LOG.warn("Failed to close a resource: {}", e.toString());
      }
    }
  }
}
