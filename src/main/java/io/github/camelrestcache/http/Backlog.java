package io.github.camelrestcache.http;

import io.netty.channel.Channel;
import io.vertx.core.http.HttpConnection;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.camel.BindToRegistry;

/**
 * What clients are slow to take: large contents, which stay in memory until then, whatever becomes
 * of the caches that they came from, a quarter of the heap in all; and the parts of streamed ones,
 * which hold a thread each, and mostly a request to GitHub. When others need the room, who has
 * waited longest for its client is broken off.
 */
@BindToRegistry("backlog")
public class Backlog {

  /** The variable of an exchange that holds memory which others wait for. */
  public static final String ROOM = "room";

  /** Smaller contents are not counted. */
  private static final int SMALL = 64 * 1024;

  /** Nobody is broken off sooner. */
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(1);

  /** A content, or a part of one, that a client has not taken; not equal to any other. */
  private static final class Pending {
    private final HttpConnection connection;
    private final Object content;
    private final boolean room;
    private final long since = System.nanoTime();

    /**
     * @param content null of a part
     * @param room of a part, whether the exchange holds {@link #ROOM}
     */
    Pending(HttpConnection connection, Object content, boolean room) {
      this.connection = connection;
      this.content = content;
      this.room = room;
    }
  }

  /** A content that some are sent. */
  private static final class Held {
    private final int size;
    private int times;

    Held(int size) {
      this.size = size;
    }
  }

  private final long most = Runtime.getRuntime().maxMemory() / 4;

  /** The oldest first. */
  private final Set<Pending> pending = new LinkedHashSet<>();

  private final Map<Object, Held> held = new IdentityHashMap<>();
  private long bytes;

  /**
   * Whether a content of so many bytes can be sent; if need be, others are broken off for it.
   *
   * @param content tells it from others, and is not the content itself if that is to be forgotten
   */
  synchronized boolean hasRoom(Object content, int size) {
    boolean fits = size <= SMALL || held.containsKey(content);
    while (!fits && bytes > 0 && bytes + size > most) {
      if (!breakOff(each -> each.content != null)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Counts a content.
   *
   * @param content as above
   * @return to be run when it is sent
   */
  synchronized Runnable add(HttpConnection connection, Object content, int size) {
    if (size <= SMALL) {
      return () -> {};
    }
    Held here = held.computeIfAbsent(content, each -> new Held(size));
    if (here.times++ == 0) {
      bytes += size;
    }
    return add(new Pending(connection, content, false));
  }

  /**
   * Knows a part of a streamed content.
   *
   * @param room whether the exchange holds {@link #ROOM}
   * @return to be run when it is sent
   */
  synchronized Runnable addPart(HttpConnection connection, boolean room) {
    return add(new Pending(connection, null, room));
  }

  private Runnable add(Pending each) {
    pending.add(each);
    return () -> remove(each);
  }

  private synchronized void remove(Pending each) {
    if (pending.remove(each) && each.content != null) {
      Held here = held.get(each.content);
      if (--here.times == 0) {
        held.remove(each.content);
        bytes -= here.size;
      }
    }
  }

  /** Breaks off the streamed content that has waited longest for its client, if one has. */
  public boolean breakOffStream() {
    return breakOff(each -> each.content == null);
  }

  /** The same, of those whose exchanges hold {@link #ROOM}. */
  public boolean breakOffRoom() {
    return breakOff(each -> each.room);
  }

  private synchronized boolean breakOff(Predicate<Pending> kind) {
    Pending oldest = pending.stream().filter(kind).findFirst().orElse(null);
    if (oldest == null || System.nanoTime() - oldest.since < PATIENCE) {
      return false;
    }
    remove(oldest);
    // past Vert.x, which would send first what there is to be sent
    Channel channel = GuardedVertx.channel(oldest.connection);
    channel.eventLoop().execute(() -> channel.unsafe().close(channel.newPromise()));
    return true;
  }
}
