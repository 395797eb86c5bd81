package io.github.camelrestcache.refresh;

import io.github.camelrestcache.base.ContentCoding;
import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Instances;
import io.github.camelrestcache.store.Leases;
import io.github.camelrestcache.store.Near;
import io.github.camelrestcache.store.Store;
import io.github.camelrestcache.upstream.GitHub;
import io.github.camelrestcache.upstream.Limit;
import io.github.camelrestcache.upstream.RateLimits;
import io.github.camelrestcache.upstream.TokenStatus;
import io.github.camelrestcache.upstream.UpstreamRequest;
import io.github.camelrestcache.upstream.UpstreamResponse;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.apache.camel.Body;
import org.apache.camel.Variable;

/** The steps of the route {@code fetch}: one page after the other, under a lease. */
public record Fetch(
    Settings settings,
    GitHub github,
    RateLimits limits,
    Leases leases,
    Schedule schedule,
    Instances instances,
    Near near,
    Store store) {

  /** In bytes, more than a page of 100 items takes; an endless answer would fill the heap. */
  private static final int LARGEST_PAGE = 64 << 20;

  /** How many refreshes may be under way in an instance: the consumers of refresh-next. */
  private static final int MAX_AT_ONCE = 8;

  /**
   * Begins without pages; stored ones are revalidated.
   *
   * @throws RefreshFailed if the first page would take the share of the callers, GitHub has just
   *     refused the token, or the GitHub App has none: an anonymous list would lack what only the
   *     App may read
   */
  public Pages begin(@Variable("endpoint") CachedEndpoint endpoint, @Body Entry stored) {
    String missing = github.missingToken();
    if (missing != null) {
      throw new RefreshFailed("The GitHub App has no valid token. " + missing);
    }
    State state = schedule.state(endpoint.path());
    if (!github.mayTry(Outcomes.pauseAfter(Math.max(1, state.failures()), endpoint.every()))) {
      throw new RefreshFailed(TokenStatus.REFUSED);
    }
    Limit limit = limits.known(github.credential());
    String form = form(endpoint);
    boolean isFree = stored != null && form.equals(stored.form()) && github.isAuthorized();
    if (!isFree && limit != null && limit.reset() > Instant.now().getEpochSecond()) {
      int most = MAX_AT_ONCE * instances.known().size();
      Budget.check(endpoint.path(), limit, settings.github().rateReserve(), most);
    }
    return new Pages(
        endpoint,
        state.perPage(schedule.now()),
        stored == null || state.failures() > 0,
        settings.github().url(),
        settings.refreshing().maxPages(),
        stored,
        form);
  }

  /** The request for the next page, conditional if the page is stored. */
  public UpstreamRequest ask(
      @Variable("endpoint") CachedEndpoint endpoint,
      @Variable("pages") Pages pages,
      @Variable("lease") Lease lease) {
    Instant deadline = lease.taken().plus(settings.refreshing().deadline());
    // not if the token has been replaced since the refresh began
    String validator = pages.form.equals(form(endpoint)) ? pages.validator() : null;
    return github.page(pages.next(), endpoint.accept(), validator, deadline);
  }

  private String form(CachedEndpoint endpoint) {
    return github.pageForm(endpoint.accept() + " " + endpoint.items());
  }

  /**
   * Adds the page that GitHub has answered.
   *
   * @throws RefreshFailed if it is invalid, or no further page may be fetched
   */
  public void add(
      @Variable("pages") Pages pages,
      @Variable("lease") Lease lease,
      @Variable("answered") UpstreamResponse answered,
      @Body InputStream body)
      throws IOException {
    String path = lease.endpoint().path();
    HttpFields fields = answered.fields();
    pages.add(answered.status(), fields, content(fields, body), () -> github.notePrivate(path));
    boolean isFree = github.isAuthorized() && pages.validator() != null;
    if (pages.next() != null && !isFree) {
      Budget.check(path, Limit.of(fields::get), settings.github().rateReserve(), 1);
    }
    // after the last page too: a later lease may have an earlier answer, which would replace this
    if (!leases.renew(path)) {
      throw RefreshFailed.LEASE_LOST;
    }
  }

  /**
   * Publishes all pages as one entry, and keeps it in memory.
   *
   * @return the entry if its content is new here, or null
   * @throws RefreshFailed if a later lease has published
   */
  public Entry publish(
      @Variable("endpoint") CachedEndpoint endpoint,
      @Variable("pages") Pages pages,
      @Variable("lease") Lease lease) {
    Entry whole = pages.whole(lease.began().truncatedTo(ChronoUnit.SECONDS), lease.fence());
    boolean isNews = near.isNews(endpoint, whole); // a reader may load it once it is published
    if (store.publish(endpoint, pages.stored(), whole) == null) {
      throw RefreshFailed.LEASE_LOST;
    }
    near.keep(endpoint, whole);
    return isNews ? whole : null;
  }

  private static byte[] content(HttpFields fields, InputStream body) throws IOException {
    byte[] content;
    try (body) {
      content = body == null ? new byte[0] : body.readNBytes(LARGEST_PAGE);
    }
    try {
      content = ContentCoding.decoded(fields.get("Content-Encoding"), content, LARGEST_PAGE);
    } catch (IOException e) {
      throw new RefreshFailed("GitHub answered with broken gzip (" + e.getMessage() + ")");
    }
    if (content.length >= LARGEST_PAGE) {
      throw new RefreshFailed("GitHub answered with a page of more than 64 MB");
    }
    return content;
  }
}
