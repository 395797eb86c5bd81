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
import io.github.camelrestcache.serve.PreparedAnswer.Reply;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Near;
import io.micrometer.core.instrument.binder.cache.CaffeineCacheMetrics;
import java.time.Clock;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * Repeats stored answers without the routes. A route that answers from the store leaves the
 * prepared answer here, and the next request for it is answered on the event loop, before Camel.
 * All other requests go to the routes; with {@code FAST_LANE=false} all requests do.
 *
 * <p>The answer of an endpoint, a page or a view is valid while the near cache has the content that
 * it was made from and the routes still declare it. The answer to a forwarded request is for
 * requests with the same method, target and fields. It is valid for one second, while it is fresh
 * and its sources are unchanged. After half a second, one request goes through the routes to renew
 * it.
 */
public final class FastLane {

  /** The route that requests for views are metered as. */
  public static final String VIEW = "/view/{order}/{n}/{view}";

  /** The route that forwarded requests are metered as. */
  public static final String FORWARD = "forward";

  /** The approximate overhead of an answer in memory, in bytes. */
  private static final int OVERHEAD = 2048;

  /** The maximum content of a forwarded answer: clients can invent many requests for it. */
  private static final int MAX_FORWARDED = 1 << 20;

  /** Requests with a longer head go to the routes. */
  private static final int MAX_HEAD = 4096;

  /**
   * The answer of an endpoint, a page or a view.
   *
   * @param endpoint the endpoint, or the list of the view
   * @param view the view, or null
   * @param version the version of the entry that the answer was made from
   */
  private record Stored(CachedEndpoint endpoint, View view, String version, PreparedAnswer answer) {

    boolean isOf(CachedEndpoint endpoint, View view, Entry entry) {
      return this.endpoint == endpoint
          && this.view == view
          && entry != null
          && entry.version().equals(version);
    }
  }

  /**
   * The answer to a forwarded request.
   *
   * @param renewal when one request is to renew it, by {@link System#nanoTime()}
   * @param renewing whether a request is renewing it
   * @param end when it expires unless it is renewed
   */
  private record Forwarded(
      Holding holding, long renewal, AtomicBoolean renewing, long end, PreparedAnswer answer) {

    boolean isValid() {
      long now = System.nanoTime();
      boolean renews = renewal - now <= 0 && renewing.compareAndSet(false, true);
      return !renews && end - now > 0 && holding.stamp().isCurrent();
    }
  }

  private final Cache<String, Stored> stored;
  private final Cache<String, Forwarded> forwarded;
  private final boolean open;
  private final long maxAge;
  private final Near near;
  private final Clock clock;
  private final Catalog catalog;
  private final Negotiation negotiation;
  private final PublicAddress address;

  /**
   * @param clock the clock of stored times
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
    maxAge = settings.nearCacheMaxAge().toNanos();
    stored =
        Caffeine.newBuilder()
            .executor(Runnable::run)
            .maximumWeight(settings.nearCacheSize() * 3 / 8)
            .weigher((String key, Stored held) -> weight(key, held.answer()))
            .recordStats()
            .build();
    forwarded =
        Caffeine.newBuilder()
            .executor(Runnable::run)
            .maximumWeight(settings.nearCacheSize() / 8)
            .weigher((String key, Forwarded held) -> weight(key, held.answer()))
            .expireAfterWrite(settings.nearCacheMaxAge())
            .recordStats()
            .build();
    CaffeineCacheMetrics.monitor(meters.registry(), stored, "lane");
    CaffeineCacheMetrics.monitor(meters.registry(), forwarded, "forwarded");
  }

  private static int weight(String key, PreparedAnswer answer) {
    return OVERHEAD + key.length() + answer.size();
  }

  public void clear() {
    stored.invalidateAll();
    forwarded.invalidateAll();
  }

  /** Whether requests may be answered without the routes. */
  public boolean isOpen() {
    return open;
  }

  /** The reply to a request without content, or null if the routes must answer. Never blocks. */
  public Reply hit(ClientRequest request) {
    Reply reply = storedHit(request);
    return reply == null ? forwardedHit(request) : reply;
  }

  private Reply storedHit(ClientRequest request) {
    Stored held = stored.getIfPresent(key(request));
    if (held == null || held.answer().content().list() != null) {
      return null; // decompressing a large list would block the event loop
    }
    CachedEndpoint endpoint = catalog.endpoint(held.endpoint().path());
    View view = held.view() == null ? null : catalog.view(held.view().name());
    Entry entry = near.entry(held.endpoint());
    return held.isOf(endpoint, view, entry)
            && (view != null || negotiation.isAcceptable(request, endpoint))
        ? reply(held, entry, null)
        : null;
  }

  private Reply forwardedHit(ClientRequest request) {
    String key = fingerprint(request);
    Forwarded held = key == null ? null : forwarded.getIfPresent(key);
    return held != null && held.isValid() ? reply(held.answer(), held.holding()) : null;
  }

  private Reply reply(Stored held, Entry entry, String cacheStatus) {
    String route = held.view() == null ? held.endpoint().template() : VIEW;
    return new Reply(held.answer(), route, entry.age(clock.instant()).toSeconds(), cacheStatus);
  }

  private static Reply reply(PreparedAnswer answer, Holding holding) {
    return new Reply(answer, FORWARD, holding.age(), null);
  }

  /**
   * For the routes: the reply to a request for an endpoint or a view. Concurrent requests share one
   * answer.
   *
   * @param view the view, or null
   * @param cacheStatus how the request was served (RFC 9211 2), or null for a hit
   * @param prepare makes the answer if none is held
   */
  Reply stored(
      ClientRequest request,
      CachedEndpoint endpoint,
      View view,
      Entry entry,
      String cacheStatus,
      Supplier<PreparedAnswer> prepare) {
    String key = key(request);
    Stored held = held(key, endpoint, view, entry);
    if (held == null) {
      // few at a time: preparing may take several times the memory of the answer
      if (!request.ticket().take(Share.PAGES, 1)) {
        throw Problem.busy("Many pages are requested at this time");
      }
      try {
        held = held(key, endpoint, view, entry); // prepared by another request during the wait
        if (held == null) {
          held = new Stored(endpoint, view, entry.version(), prepare.get());
          stored.put(key, held);
        }
      } finally {
        request.ticket().giveBack(Share.PAGES);
      }
    }
    return reply(held, entry, cacheStatus);
  }

  private Stored held(String key, CachedEndpoint endpoint, View view, Entry entry) {
    Stored held = stored.getIfPresent(key);
    return held != null && held.isOf(endpoint, view, entry) ? held : null;
  }

  /**
   * For the routes: the reply to a forwarded request that the cache has a fresh answer to. Holds
   * the answer unless it is large, or the request has directives, which may limit its age.
   */
  Reply forwarded(ClientRequest request, PreparedAnswer answer, Holding holding) {
    boolean fits = answer.content().size() <= MAX_FORWARDED;
    boolean holds = open && fits && !request.fields().contains("Cache-Control");
    String key = holds ? fingerprint(request) : null;
    if (key != null) {
      long now = System.nanoTime();
      long end = now + Math.min(holding.end() - now, maxAge);
      long renewal = now + maxAge / 2;
      forwarded.put(key, new Forwarded(holding, renewal, new AtomicBoolean(), end, answer));
    }
    return reply(answer, holding);
  }

  /** Identifies the answer of an endpoint, a page, whose links contain the address, or a view. */
  private String key(ClientRequest request) {
    return PageRequest.selectsPage(request.query())
        ? address.of(request) + " " + request.target()
        : negotiation.coding(request) + request.target();
  }

  /**
   * Identifies a request by its method, target and fields except its id, or null if they are too
   * long. A hash, because they contain credentials.
   */
  private static String fingerprint(ClientRequest request) {
    StringBuilder head = new StringBuilder(512);
    head.append(request.method()).append(' ').append(request.target());
    for (Map.Entry<String, String> field : request.fields().all()) {
      if (!field.getKey().equalsIgnoreCase(RequestId.FIELD)) {
        head.append('\n').append(field.getKey()).append(':').append(field.getValue());
      }
    }
    return head.length() > MAX_HEAD ? null : Hash.of(head.toString());
  }
}
