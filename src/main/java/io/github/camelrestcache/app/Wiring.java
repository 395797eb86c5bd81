package io.github.camelrestcache.app;

import io.github.camelrestcache.base.InFlight;
import io.github.camelrestcache.base.Meters;
import io.github.camelrestcache.base.OneLine;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.cache.HttpCache;
import io.github.camelrestcache.cache.Lookup;
import io.github.camelrestcache.cache.Places;
import io.github.camelrestcache.cache.Purges;
import io.github.camelrestcache.cache.Responses;
import io.github.camelrestcache.cache.Scopes;
import io.github.camelrestcache.cache.Serving;
import io.github.camelrestcache.cache.SingleFlight;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.catalog.OpenApi;
import io.github.camelrestcache.catalog.RouteReload;
import io.github.camelrestcache.http.ClientHandler;
import io.github.camelrestcache.http.ClientRates;
import io.github.camelrestcache.http.HttpEngine;
import io.github.camelrestcache.http.Requests;
import io.github.camelrestcache.http.Server;
import io.github.camelrestcache.http.TlsKey;
import io.github.camelrestcache.refresh.ColdReads;
import io.github.camelrestcache.refresh.Fetch;
import io.github.camelrestcache.refresh.Outcomes;
import io.github.camelrestcache.refresh.Refreshes;
import io.github.camelrestcache.refresh.Schedule;
import io.github.camelrestcache.serve.Answers;
import io.github.camelrestcache.serve.FastLane;
import io.github.camelrestcache.serve.Negotiation;
import io.github.camelrestcache.serve.PublicAddress;
import io.github.camelrestcache.serve.RedisLane;
import io.github.camelrestcache.store.Changes;
import io.github.camelrestcache.store.Deliveries;
import io.github.camelrestcache.store.Instances;
import io.github.camelrestcache.store.Keys;
import io.github.camelrestcache.store.Leases;
import io.github.camelrestcache.store.Leftovers;
import io.github.camelrestcache.store.Near;
import io.github.camelrestcache.store.RedisConnection;
import io.github.camelrestcache.store.Store;
import io.github.camelrestcache.store.StoreClock;
import io.github.camelrestcache.upstream.AppToken;
import io.github.camelrestcache.upstream.GitHub;
import io.github.camelrestcache.upstream.GitHubClient;
import io.github.camelrestcache.upstream.RateLimits;
import io.github.camelrestcache.upstream.Refusals;
import io.github.camelrestcache.upstream.ServiceToken;
import io.github.camelrestcache.upstream.TokenStatus;
import io.github.camelrestcache.upstream.Turns;
import io.github.camelrestcache.upstream.UpstreamUrls;
import io.github.camelrestcache.view.Ranking;
import io.github.camelrestcache.view.ViewPaths;
import io.github.camelrestcache.webhook.Webhook;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.ext.web.Router;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelConfiguration;
import org.apache.camel.CamelContext;
import org.apache.camel.component.platform.http.PlatformHttpConstants;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import org.apache.camel.spi.Registry;
import org.apache.camel.support.LifecycleStrategySupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.serializer.RedisSerializer;

/**
 * Creates all objects of the service and injects their dependencies. Objects that routes refer to
 * are bound in Camel's registry, and so is this object: Camel closes it after all routes.
 */
public final class Wiring implements CamelConfiguration, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Wiring.class);

  private final Deque<AutoCloseable> closing = new ArrayDeque<>();

  @Override
  public void configure(CamelContext context) {
    Registry registry = context.getRegistry();
    if (registry.lookupByName("wiring") != null) {
      return; // App has called it already
    }
    Settings settings = Settings.of(context);
    registry.bind("wiring", Wiring.class, this, null, "close");
    Meters meters = new Meters(Metrics.registry(context, closing));

    // first, the ports: another process may use them
    Vertx vertx = vertx(settings);
    closing.add(() -> vertx.close().toCompletionStage().toCompletableFuture().join());
    Workers workers = new Workers(settings.requestThreads());
    closing.add(workers::shutdownNow);
    Requests requests = new Requests(settings, meters);
    TlsKey tls = settings.tls() == null ? null : new TlsKey(vertx, settings.tls());
    Server clients = new Server(vertx, "", settings.clients(), tls, settings.limits(), requests);
    Server management =
        new Server(vertx, "MANAGEMENT_", settings.management(), null, settings.limits(), null);

    // declarations
    Catalog catalog = new Catalog(context);
    registry.bind("catalog", catalog);
    registry.bind("oneLine", new OneLine());
    RouteReload reload = new RouteReload(context, catalog);

    // Redis and near cache
    Keys keys = new Keys(settings.github().url());
    RedisConnection redis = new RedisConnection(settings.redis(), meters);
    closing.add(redis::stop);
    redis.start();
    StoreClock clock = new StoreClock();
    Near near = new Near(settings.nearCacheSize(), catalog, clock, meters);
    closing.add(near::clear);
    Changes changes = new Changes();
    registry.bind("redisTemplate", redis);
    registry.bind("redisListeners", redis.listeners());
    registry.bind("redisText", RedisSerializer.string());
    registry.bind("near", near);
    Store store = new Store(redis, keys, catalog, near);
    registry.bind("store", store);
    registry.bind("leftovers", new Leftovers(redis, keys, catalog, clock));
    registry.bind("deliveries", new Deliveries(redis, keys));
    registry.bind("changes", changes);

    // GitHub
    TokenStatus status = new TokenStatus();
    AppToken appToken = new AppToken(settings.github(), status);
    ServiceToken token = new ServiceToken(settings.github(), appToken);
    registry.bind("appToken", appToken);
    registry.bind("serviceToken", token);
    UpstreamUrls urls = new UpstreamUrls(settings);
    GitHub github = new GitHub(settings.github(), token, status, urls);
    RateLimits limits = new RateLimits(github::credential, meters);
    Duration wait = settings.refreshing().coldWait();
    Refusals refusals = new Refusals(redis, keys, limits, wait, workers);
    registry.bind("refusals", refusals);
    registry.bind("github", github);

    // refreshes and views
    Instances instances = new Instances(redis, keys, settings, meters);
    Settings.GitHub of = settings.github();
    // a lease outlives the slowest page
    Duration length = of.connectTimeout().plus(of.answerTimeout()).plusSeconds(5);
    Leases leases = new Leases(redis, keys, instances.me(), length);
    Schedule schedule = new Schedule(catalog, leases, near, store, clock);
    Places places = new Places(redis, keys, settings.github().url());
    Scopes scopes = new Scopes(redis, keys, places, changes);
    Purges purges =
        new Purges(redis, keys, catalog, near, leases, schedule, store, scopes, changes);
    Outcomes outcomes =
        new Outcomes(
            catalog, near, github, limits, of.rateReserve(), leases, schedule, purges::forget);
    Refreshes refreshes =
        new Refreshes(
            settings.refreshing(), catalog, redis, near, leases, schedule, outcomes, meters);
    Ranking ranking = new Ranking(catalog::views);
    ViewPaths paths = new ViewPaths(catalog);
    registry.bind("instances", instances);
    registry.bind("turns", new Turns(instances::count, wait, workers, meters));
    registry.bind("schedule", schedule);
    registry.bind("refreshes", refreshes);
    registry.bind("coldReads", new ColdReads(schedule, refreshes, near, wait, workers));
    registry.bind(
        "fetch", new Fetch(settings, github, limits, leases, schedule, instances, near, store));
    registry.bind("ranking", ranking);
    registry.bind("viewPaths", paths);

    // the HTTP cache
    SingleFlight singleFlight =
        new SingleFlight(workers, settings.github().answerTimeout().dividedBy(2));
    GitHubClient client = new GitHubClient(settings, limits, refusals, status, urls, meters);
    HttpCache cache = new HttpCache(settings);
    registry.bind("singleFlight", singleFlight);
    registry.bind("scopes", scopes);
    registry.bind("purges", purges);
    registry.bind("httpCache", cache);
    Responses responses = new Responses(redis, keys, cache, places, scopes, settings);
    Lookup lookup =
        new Lookup(redis, keys, places, scopes, purges, refusals, responses, meters.registry());
    Serving serving = new Serving(cache, limits);
    registry.bind("responses", responses);
    registry.bind("lookup", lookup);
    registry.bind("serving", serving);
    registry.bind("githubClient", client);
    registry.bind("githubConnections", client.connections());

    // answers
    Negotiation negotiation =
        new Negotiation(settings.github().version(), settings.storedForCredentials());
    PublicAddress address =
        new PublicAddress(settings.scheme(), settings.publicUrl(), settings.limits().addresses());
    FastLane lane =
        new FastLane(
            settings,
            near,
            clock,
            catalog,
            negotiation,
            address,
            github,
            limits,
            urls,
            changes,
            meters);
    closing.add(lane::clear);
    registry.bind("negotiation", negotiation);
    registry.bind("fastLane", lane);
    registry.bind("answers", new Answers(lane, address, urls));
    registry.bind("webhook", new Webhook(settings.github().webhookSecret()));
    registry.bind("health", new Health(catalog, schedule, ranking, redis, github));

    // HTTP
    InFlight inFlight = new InFlight(settings, meters);
    registry.bind("readiness", new Readiness(catalog, near, schedule, requests));
    RedisLane redisLane = new RedisLane(lane, catalog, negotiation, github, lookup, cache, serving);
    HttpEngine engine = new HttpEngine(settings, requests, redisLane, inFlight, workers);
    registry.bind(PlatformHttpConstants.PLATFORM_HTTP_ENGINE_NAME, engine);
    Router routes = Router.router(vertx);
    registry.bind(
        engine.router(), new VertxPlatformHttpRouter(null, vertx, routes, engine.router()));
    ClientRates rates = new ClientRates(settings.limits());
    registry.bind("clientRates", rates);
    ClientHandler handler = new ClientHandler(rates, lane, requests, inFlight, routes);
    Admin admin =
        new Admin(
            settings.adminToken(),
            context::getUptime,
            catalog,
            near,
            schedule,
            purges,
            instances,
            redis,
            requests,
            limits,
            github,
            ranking,
            paths);
    OpenApi openApi = new OpenApi(catalog, settings);
    management.open(new Management(context, meters, openApi, admin).router(vertx));

    context.addLifecycleStrategy(
        new LifecycleStrategySupport() {
          @Override
          public void onContextStarting(CamelContext starting) {
            catalog.declare();
            reload.start();
          }

          @Override
          public void onContextStarted(CamelContext started) {
            redis.listen();
            clients.open(handler);
          }

          @Override
          public void onContextStopping(CamelContext stopping) {
            drain(stopping, requests, settings.drainDelay());
            clients.close();
            refreshes.stop();
          }
        });
  }

  /** Closes resources in reverse order. */
  @Override
  public void close() {
    while (!closing.isEmpty()) {
      try {
        closing.removeLast().close();
      } catch (Exception e) {
        LOG.warn("Failed to close a resource: {}", e.toString());
      }
    }
  }

  private static Vertx vertx(Settings settings) {
    return Vertx.vertx(
        new VertxOptions()
            .setPreferNativeTransport(true)
            // otherwise it leaves a folder in /tmp when it is killed
            .setFileSystemOptions(new FileSystemOptions().setClassPathResolvingEnabled(false)));
  }

  /** Waits for requests in flight, then gives Camel the rest of the shutdown timeout. */
  private static void drain(CamelContext context, Requests requests, Duration delay) {
    var strategy = context.getShutdownStrategy();
    Duration most = Duration.ofMillis(strategy.getTimeUnit().toMillis(strategy.getTimeout()));
    long began = System.nanoTime();
    requests.drain(delay, most);
    Duration left = most.plus(delay).minusNanos(System.nanoTime() - began);
    strategy.setTimeout(Math.max(1, left.toMillis()));
    strategy.setTimeUnit(TimeUnit.MILLISECONDS);
  }
}
