package io.github.camelrestcache.serve;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Policy;
import io.github.camelrestcache.base.ClientRequest;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.cache.Fresh;
import io.github.camelrestcache.cache.Served;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.catalog.View;
import io.github.camelrestcache.store.Changes;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Near;
import io.github.camelrestcache.upstream.GitHub;
import io.github.camelrestcache.upstream.Limit;
import io.github.camelrestcache.upstream.RateLimits;
import io.github.camelrestcache.upstream.UpstreamUrls;
import io.micrometer.core.instrument.binder.cache.CaffeineCacheMetrics;
import java.time.InstantSource;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/**
 * Repeats stored answers from memory, without the routes. A route that answers from the store
 * leaves the prepared answer here, and the next request for it is answered on the event loop. For
 * all others, {@link RedisLane} looks into Redis. With {@code FAST_LANE=false} all requests go to
 * the routes.
 *
 * <p>The answer of an endpoint, a page or a view is valid while the near cache has the content that
 * it was made from and the routes still declare it. The answer to a forwarded request is valid
 * while it is fresh, its scope is unchanged and this instance hears of changes ({@link Changes}).
 * Requests with directives of their own are not answered here.
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

  /**
   * The answer of an endpoint, a page or a view.
   *
   * @param endpoint the endpoint, or a list of the view
   * @param view the view, or null
   * @param version the version of what the answer was made from
   */
  private record Stored(CachedEndpoint endpoint, View view, String version, PreparedAnswer answer) {

    boolean isOf(CachedEndpoint endpoint, View view, Entry entry) {
      return this.endpoint == endpoint
          && this.view == view
          && entry != null
          && entry.version().equals(version);
    }
  }

  /** {@link Stored} and {@link HeldResponse}, whose keys have another form. */
  private final Cache<String, Object> held;

  /** One answer per core at a time: preparing may take several times the memory of the answer. */
  private final Semaphore preparing = new Semaphore(Runtime.getRuntime().availableProcessors());

  private final boolean open;
  private final long size;
  private final Near near;
  private final InstantSource clock;
  private final Catalog catalog;
  private final Negotiation negotiation;
  private final PublicAddress address;
  private final GitHub github;
  private final RateLimits limits;
  private final UpstreamUrls urls;
  private final Changes changes;

  /**
   * @param clock the clock of stored times
   */
  public FastLane(
      Settings settings,
      Near near,
      InstantSource clock,
      Catalog catalog,
      Negotiation negotiation,
      PublicAddress address,
      GitHub github,
      RateLimits limits,
      UpstreamUrls urls,
      Changes changes,
      Meters meters) {
    this.near = near;
    this.clock = clock;
    this.catalog = catalog;
    this.negotiation = negotiation;
    this.address = address;
    this.github = github;
    this.limits = limits;
    this.urls = urls;
    this.changes = changes;
    open = settings.fastLane();
    size = settings.nearCacheSize();
    held =
        Caffeine.newBuilder()
            .executor(Runnable::run)
            .maximumWeight(size)
            .weigher(FastLane::weight)
            .recordStats()
            .build();
    CaffeineCacheMetrics.monitor(meters.registry(), held, "lane");
  }

  private static int weight(String key, Object held) {
    int size =
        held instanceof Stored stored
            ? OVERHEAD + stored.answer().size()
            : ((HeldResponse) held).size();
    return key.length() + size;
  }

  /** The route that requests for a path of this service itself are metered as, or null. */
  public static String ownRoute(String path) {
    return path.startsWith("/view/")
        ? VIEW
        : path.equals("/healthcheck") || path.equals("/webhook/github") ? path : null;
  }

  public void clear() {
    held.invalidateAll();
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
    Stored stored = (Stored) held.getIfPresent(key(request));
    if (stored == null || stored.answer().content().list() != null) {
      return null; // decompressing a large list would block the event loop
    }
    CachedEndpoint endpoint = catalog.endpoint(stored.endpoint().path());
    View view = stored.view() == null ? null : catalog.view(stored.view().name());
    boolean hasOneList = view == null || view.lists().size() == 1;
    Entry entry = hasOneList ? near.entry(stored.endpoint()) : Entry.of(near.lists(view));
    return stored.isOf(endpoint, view, entry)
            && (view != null || negotiation.isAcceptable(request, endpoint))
        ? reply(request, stored, entry, null)
        : null;
  }

  private Reply forwardedHit(ClientRequest request) {
    HttpFields asked = request.fields();
    if (!changes.isWatched() || asked.contains("Cache-Control") || asked.contains("Pragma")) {
      return null;
    }
    String key = github.key(request);
    HeldResponse response = key == null ? null : (HeldResponse) held.getIfPresent(key);
    if (response == null || !response.isCurrent() || response.isNotFor(asked)) {
      return null;
    }
    Fresh fresh = response.fresh();
    long age = fresh.age();
    HttpFields changing = new HttpFields();
    limits.latest(fresh.credential(), response.resource()).forEach(changing::add);
    changing.add("Age", Long.toString(age));
    return reply(response, request, changing, "hit; ttl=" + (fresh.lifetime() - age));
  }

  private Reply reply(ClientRequest request, Stored held, Entry entry, String cacheStatus) {
    String route = held.view() == null ? held.endpoint().template() : VIEW;
    String resource = Limit.guessed(held.endpoint().path());
    return new PreparedAnswer.Prepared(
        held.answer(),
        route,
        entry.age(clock.instant()).toSeconds(),
        limits.latest(github.credential(request), resource),
        cacheStatus);
  }

  private Reply reply(
      HeldResponse response, ClientRequest request, HttpFields changing, String cacheStatus) {
    String here = address.of(request);
    return response.reply(request, changing, cacheStatus, link -> urls.field(link, here));
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
    Stored stored = held(key, endpoint, view, entry);
    if (stored == null) {
      preparing.acquireUninterruptibly();
      try {
        stored = held(key, endpoint, view, entry); // prepared by another request during the wait
        if (stored == null) {
          stored = new Stored(endpoint, view, entry.version(), prepare.get());
          hold(key, stored);
        }
      } finally {
        preparing.release();
      }
    }
    return reply(request, stored, entry, cacheStatus);
  }

  /** Holds an answer. All answers and what is stored take at most 1.5 × NEAR_CACHE_SIZE. */
  private void hold(String key, Object answer) {
    Policy.Eviction<String, Object> eviction = held.policy().eviction().orElseThrow();
    long room = Math.min(size, size + size / 2 - near.weight());
    if (room != eviction.getMaximum()) {
      eviction.setMaximum(room);
    }
    held.put(key, answer);
  }

  private Stored held(String key, CachedEndpoint endpoint, View view, Entry entry) {
    Stored stored = (Stored) held.getIfPresent(key);
    return stored != null && stored.isOf(endpoint, view, entry) ? stored : null;
  }

  /**
   * For the routes: the reply to a forwarded request from a response in memory, which is held if it
   * may be repeated and is not large.
   *
   * @return null if the content has to be decoded and is large
   */
  Reply forwarded(ClientRequest request, Served served) {
    HeldResponse response = new HeldResponse(served.stored());
    if (open && served.isRepeatable() && response.contentSize() <= MAX_FORWARDED) {
      hold(served.stored().key(), response);
    }
    return reply(response, request, served.fields(), served.cacheStatus());
  }

  /** Identifies the answer of an endpoint, a page, whose links contain the address, or a view. */
  private String key(ClientRequest request) {
    String coding = negotiation.coding(request);
    if (VIEW.equals(ownRoute(request.path()))) {
      return coding + request.path(); // views ignore the query
    }
    String key = coding + request.target();
    return PageRequest.selectsPage(request.query()) ? key + " " + address.of(request) : key;
  }
}
