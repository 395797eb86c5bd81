package io.github.camelrestcache.lane;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.camelrestcache.ContextBean;
import io.github.camelrestcache.Settings;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.catalog.View;
import io.github.camelrestcache.http.ClientRequest;
import io.github.camelrestcache.http.Negotiation;
import io.github.camelrestcache.http.PublicAddress;
import io.github.camelrestcache.http.StoredAnswer;
import io.github.camelrestcache.http.StoredAnswer.Reply;
import io.github.camelrestcache.refresh.Leases;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Near;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.function.Supplier;
import org.apache.camel.BindToRegistry;

/**
 * A way past the routes for what they have answered before. A route that answers from the store
 * leaves the answer here, prepared; the next request that is met by it gets it on the event loop,
 * before Camel hears of it, as long as memory still has what it was made of and the routes still
 * declare it. Anything else goes to the routes, and with {@code FAST_LANE=false} all does.
 */
@BindToRegistry(value = "fastLane", initMethod = "start")
public class FastLane extends ContextBean {

  private static final int OVERHEAD = 2048;

  /**
   * @param endpoint what it is of, or its list
   * @param view what it is of, or null
   * @param version of the endpoint's content that it was made of
   */
  private record Prepared(
      CachedEndpoint endpoint, View view, String version, StoredAnswer answer) {}

  private Cache<String, Prepared> prepared;
  private boolean open;
  private Near near;
  private Leases leases;
  private Catalog catalog;
  private Negotiation negotiation;

  /** Makes room. */
  public void start() {
    if (prepared == null) {
      prepared =
          Caffeine.newBuilder()
              .maximumWeight(Settings.nearCacheSize(context))
              .weigher((String key, Prepared each) -> OVERHEAD + each.answer().size())
              .build();
      open = Boolean.parseBoolean(Settings.get(context, "fast.lane"));
    }
  }

  @Override
  protected void wire() {
    near = bean(Near.class);
    leases = bean(Leases.class);
    catalog = bean(Catalog.class);
    negotiation = bean(Negotiation.class);
  }

  /** For the event loop: answers a request, unless the routes are to. */
  public boolean answers(HttpServerRequest request) {
    HttpMethod method = request.method();
    String length = request.headers().get(HttpHeaders.CONTENT_LENGTH);
    if (!open
        || method != HttpMethod.GET && method != HttpMethod.HEAD
        || length != null && !length.equals("0")
        || request.headers().contains(HttpHeaders.TRANSFER_ENCODING)) {
      return false;
    }
    ClientRequest client = ClientRequest.of(request);
    Reply reply = reply(client);
    if (reply == null) {
      return false;
    }
    reply.send(request.response(), client);
    return true;
  }

  private Reply reply(ClientRequest request) {
    Prepared found = prepared.getIfPresent(key(request));
    if (found == null || !isDeclared(found)) {
      return null;
    }
    Entry entry = near.entry(found.endpoint());
    if (entry == null
        || !entry.version().equals(found.version())
        || found.view() == null && !negotiation.isStored(context, request, found.endpoint())) {
      return null;
    }
    return new Reply(found.answer(), entry.fetched(), leases.now(), null);
  }

  private boolean isDeclared(Prepared found) {
    View view = found.view();
    return catalog.endpoint(found.endpoint().path()) == found.endpoint()
        && (view == null || catalog.view(view.name()) == view);
  }

  /** For the routes: the answer that is prepared for a request, or else is made and left here. */
  public StoredAnswer answer(
      ClientRequest request,
      CachedEndpoint endpoint,
      View view,
      Entry entry,
      Supplier<StoredAnswer> make) {
    String key = key(request);
    Prepared found = prepared.getIfPresent(key);
    if (found != null
        && found.endpoint() == endpoint
        && found.view() == view
        && found.version().equals(entry.version())) {
      return found.answer();
    }
    StoredAnswer answer = make.get();
    prepared.put(key, new Prepared(endpoint, view, entry.version(), answer));
    return answer;
  }

  /** What decides which bytes are answered; the links of a page begin with an address. */
  private String key(ClientRequest request) {
    String link = request.query().isEmpty() ? "" : " " + PublicAddress.of(context, request);
    return negotiation.coding(request) + " " + request.target() + link;
  }
}
