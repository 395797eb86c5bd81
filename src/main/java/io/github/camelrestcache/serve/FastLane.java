package io.github.camelrestcache.serve;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.Hash;
import io.github.camelrestcache.base.InFlight.Share;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.base.RequestId;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.cache.Holding;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.catalog.View;
import io.github.camelrestcache.serve.StoredAnswer.Timed;
import io.github.camelrestcache.store.Changes;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Near;
import io.micrometer.core.instrument.binder.cache.CaffeineCacheMetrics;
import java.time.Clock;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * A way past the routes for what they have answered before. A route that answers from what is
 * stored leaves the answer here, prepared; the next request that is met by it gets it on the event
 * loop, before Camel hears of it. Anything else goes to the routes, and with {@code
 * FAST_LANE=false} all does.
 *
 * <p>The answer of an endpoint, a page or a view holds as long as memory has what it was made of
 * and the routes still declare it. The answer to a forwarded request is for requests that are the
 * same, field by field, and holds while it is fresh and nothing is heard of what it was made of: a
 * second at most. Halfway there one request goes through the routes, which leave the answer anew.
 */
public final class FastLane {

  /** The route of all views, as requests are metered. */
  public static final String VIEW = "/view/{order}/{n}/{view}";

  /** The route of all forwarded requests, as requests are metered. */
  public static final String FORWARD = "forward";

  private static final int OVERHEAD = 2048;

  /** The largest content of a forwarded answer that is held. */
  private static final int LARGEST = 1 << 20;

  /** Requests with a longer head are left to the routes. */
  private static final int LONGEST_HEAD = 4096;

  /** What is held. */
  private interface Prepared {

    /** How many bytes it takes. */
    int size();
  }

  /**
   * What a request to an endpoint is answered.
   *
   * @param endpoint what it is of, or its list
   * @param view what it is of, or null
   * @param version of the endpoint's content that it was made of
   */
  private record OfEndpoint(CachedEndpoint endpoint, View view, String version, StoredAnswer answer)
      implements Prepared {

    boolean isOf(CachedEndpoint endpoint, View view, Entry entry) {
      return this.endpoint == endpoint && this.view == view && version.equals(entry.version());
    }

    @Override
    public int size() {
      return answer.size();
    }
  }

  /**
   * What a forwarded request is answered.
   *
   * @param renewal when one request is to renew it, by {@link System#nanoTime()}
   * @param renewing whether one has gone to
   * @param end when it ends, if none has
   */
  private record Forwarded(
      Changes.Stamp stamp, long renewal, AtomicBoolean renewing, long end, FixedAnswer answer)
      implements Prepared {

    boolean holds() {
      long now = System.nanoTime();
      boolean renews = renewal - now <= 0 && renewing.compareAndSet(false, true);
      return !renews && end - now > 0 && stamp.isCurrent();
    }

    @Override
    public int size() {
      return answer.size();
    }
  }

  /**
   * How a request is met.
   *
   * @param route as it is metered
   */
  public record Hit(Reply reply, String route) {}

  private final Cache<String, Prepared> prepared;
  private final boolean open;
  private final long longest;
  private final Near near;
  private final Clock clock;
  private final Catalog catalog;
  private final Negotiation negotiation;
  private final PublicAddress address;

  /**
   * @param clock the one that stored times are told by
   */
  public FastLane(
      Settings settings,
      Near near,
      Clock clock,
      Catalog catalog,
      Negotiation negotiation,
      PublicAddress address,
      Meters meters) {
    this.near = near;
    this.clock = clock;
    this.catalog = catalog;
    this.negotiation = negotiation;
    this.address = address;
    open = settings.fastLane();
    longest = settings.nearCacheMaxAge().toNanos();
    prepared =
        Caffeine.newBuilder()
            .executor(Runnable::run)
            .maximumWeight(settings.nearCacheSize() / 2)
            .weigher((String key, Prepared each) -> OVERHEAD + key.length() + each.size())
            .recordStats()
            .build();
    CaffeineCacheMetrics.monitor(meters.registry(), prepared, "lane");
  }

  /** Drops everything. */
  public void clear() {
    prepared.invalidateAll();
  }

  /** Whether there is one. */
  public boolean isOpen() {
    return open;
  }

  /** For the event loop: how a request without content is met, or null if the routes are to. */
  public Hit hit(ClientRequest request) {
    Hit hit = ofEndpoint(request);
    return hit == null ? forwarded(request) : hit;
  }

  // endpoints and views

  private Hit ofEndpoint(ClientRequest request) {
    OfEndpoint found = (OfEndpoint) prepared.getIfPresent(key(request));
    if (found == null || found.answer().isStreamed() || !isDeclared(found)) {
      return null;
    }
    Entry entry = near.entry(found.endpoint());
    if (entry == null
        || !entry.version().equals(found.version())
        || found.view() == null && !negotiation.isStored(request, found.endpoint())) {
      return null;
    }
    return new Hit(
        new Timed(found.answer(), entry.fetched(), clock.instant(), null),
        found.view() == null ? found.endpoint().template() : VIEW);
  }

  private boolean isDeclared(OfEndpoint found) {
    View view = found.view();
    return catalog.endpoint(found.endpoint().path()) == found.endpoint()
        && (view == null || catalog.view(view.name()) == view);
  }

  /**
   * For the routes: the answer that is prepared for a request, or else is made and left here; once,
   * however many ask at the same time.
   */
  public StoredAnswer answer(
      ClientRequest request,
      CachedEndpoint endpoint,
      View view,
      Entry entry,
      Supplier<StoredAnswer> make) {
    String key = key(request);
    OfEndpoint found = (OfEndpoint) prepared.getIfPresent(key);
    if (found != null && found.isOf(endpoint, view, entry)) {
      return found.answer();
    }
    // few at a time, because it may take several times the memory of the answer
    if (!request.ticket().take(Share.PAGES, 1)) {
      throw Problem.busy("Many pages are requested at this time");
    }
    try {
      found = (OfEndpoint) prepared.getIfPresent(key);
      if (found == null || !found.isOf(endpoint, view, entry)) {
        found = new OfEndpoint(endpoint, view, entry.version(), make.get());
        if (key.length() <= LONGEST_HEAD) {
          prepared.put(key, found);
        }
      }
      return found.answer();
    } finally {
      request.ticket().giveBack(Share.PAGES);
    }
  }

  /** What decides which bytes are answered; the links of a page begin with an address. */
  private String key(ClientRequest request) {
    String link = request.query().isEmpty() ? "" : " " + address.of(request);
    return negotiation.coding(request) + " " + request.target() + link;
  }

  // forwarded requests

  private Hit forwarded(ClientRequest request) {
    String key = whole(request);
    Forwarded found = key == null ? null : (Forwarded) prepared.getIfPresent(key);
    return found != null && found.holds() ? new Hit(found.answer(), FORWARD) : null;
  }

  /**
   * Whether a content has room here: not if it is large, for anybody can make up many requests that
   * are answered by it.
   */
  public boolean takes(byte[] content) {
    return open && (content == null || content.length <= LARGEST);
  }

  /**
   * For the routes: leaves here what a forwarded request is answered from the cache. Not to one
   * with directives, which may mind the age.
   */
  public void hold(ClientRequest request, FixedAnswer answer, Holding holding) {
    String key = request.fields().contains("Cache-Control") ? null : whole(request);
    if (key != null) {
      long now = System.nanoTime();
      long end = now + Math.min(holding.freshness().end() - now, longest);
      prepared.put(
          key, new Forwarded(holding.stamp(), now + longest / 2, new AtomicBoolean(), end, answer));
    }
  }

  /** Names all that was asked, but its name, without saying it, for it has credentials; or null. */
  private static String whole(ClientRequest request) {
    StringBuilder head = new StringBuilder(512);
    head.append(request.method()).append(' ').append(request.target());
    for (Map.Entry<String, String> field : request.fields().all()) {
      if (field.getKey().equalsIgnoreCase(RequestId.FIELD)) {
        continue;
      }
      head.append('\n').append(field.getKey()).append(':').append(field.getValue());
      if (head.length() > LONGEST_HEAD) {
        return null;
      }
    }
    return Hash.of(head.toString());
  }
}
