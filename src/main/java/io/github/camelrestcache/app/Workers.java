package io.github.camelrestcache.app;

import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The threads of the routes, one per request. It starts a thread only if none is idle, and queues
 * requests only if all are busy; a fixed pool of the JDK starts all its threads first.
 */
final class Workers extends ThreadPoolExecutor {

  /**
   * In milliseconds. Idle threads take turns, so with a longer time all threads of a burst would
   * stay under ordinary load.
   */
  private static final int KEEP_ALIVE = 200;

  /** Accepts a task only if a thread waits for it, unless no thread may be started. */
  private static final class Handover extends LinkedTransferQueue<Runnable> {
    private static final long serialVersionUID = 1;

    @Override
    public boolean offer(Runnable task) {
      return tryTransfer(task);
    }

    private void queue(Runnable task, ThreadPoolExecutor pool) {
      if (pool.isShutdown()) {
        throw new RejectedExecutionException("The service is stopping");
      }
      put(task);
    }
  }

  Workers(int most) {
    this(most, new Handover());
  }

  private Workers(int most, Handover tasks) {
    super(1, most, KEEP_ALIVE, TimeUnit.MILLISECONDS, tasks, tasks::queue);
  }
}
