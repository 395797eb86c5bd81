package io.github.camelrestcache.app;

import static java.util.Comparator.comparing;

import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.catalog.View;
import io.github.camelrestcache.refresh.Failures;
import io.github.camelrestcache.refresh.Schedule;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.RedisConnection;
import io.github.camelrestcache.upstream.GitHub;
import io.github.camelrestcache.view.Ranking;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.apache.camel.Message;
import org.apache.camel.Variable;

/** The report at {@code /healthcheck}: which endpoints and views can be served, or why not. */
public record Health(
    Catalog catalog, Schedule schedule, Ranking ranking, RedisConnection redis, GitHub github) {

  /** The state of one endpoint. It is stale if the last fetch is older than the interval. */
  public Map<String, Object> endpoint(
      @Variable("endpoint") CachedEndpoint endpoint,
      @ExchangeProperty(Exchange.EXCEPTION_CAUGHT) Exception storeFailure,
      @Body Entry stored) {
    Map<String, Object> state = new LinkedHashMap<>();
    state.put("path", endpoint.path());
    boolean gone = schedule.state(endpoint.path()).isLost();
    state.put("ready", storeFailure == null && (stored != null || gone));
    state.put("fetched", stored == null ? null : stored.fetched().toString());
    state.put("stale", stored != null && isStale(endpoint, stored, schedule.now()));
    state.put(
        "failure",
        storeFailure == null
            ? schedule.state(endpoint.path()).reason()
            : Failures.sentence(storeFailure));
    return state;
  }

  /** The full report, with 200 if everything can be served and 503 otherwise. */
  public void report(Exchange exchange, @Body List<Map<String, Object>> endpoints) {
    Map<String, Map<String, Object>> byPath = new LinkedHashMap<>();
    endpoints.forEach(each -> byPath.put((String) each.get("path"), each));
    List<Map<String, Object>> views = new ArrayList<>();
    for (View view : catalog.views()) {
      List<Map<String, Object>> lists =
          view.lists().stream().map(each -> byPath.getOrDefault(each, Map.of())).toList();
      // the list that holds the view back: one that is not ready, or else the oldest
      Map<String, Object> list =
          Collections.min(
              lists,
              comparing((Map<String, Object> each) -> isReady(List.of(each)))
                  .thenComparing(each -> String.valueOf(each.get("fetched"))));
      String failure = ranking.failure(view);
      Map<String, Object> state = new LinkedHashMap<>();
      state.put("view", view.name());
      state.put("ready", failure == null && isReady(lists));
      state.put("list", String.join(",", view.lists()));
      state.put("fetched", list.get("fetched"));
      state.put("failure", failure == null ? list.get("failure") : failure);
      views.add(state);
    }
    boolean ready = isReady(endpoints) && isReady(views);
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("status", ready ? "ready" : "not ready");
    report.put("store", redis.failure() == null ? "ready" : redis.failure());
    report.put("token", github.tokenState());
    report.put("endpoints", endpoints);
    report.put("views", views);
    Message message = exchange.getMessage();
    message.setHeader(Exchange.HTTP_RESPONSE_CODE, ready ? 200 : 503);
    message.setHeader("Content-Type", "application/json; charset=utf-8");
    message.setHeader("Cache-Control", "no-store");
    message.setBody(report);
  }

  private static boolean isStale(CachedEndpoint endpoint, Entry stored, Instant now) {
    // stored times have a precision of one second
    return stored.fetched().plus(endpoint.every()).plusSeconds(2).isBefore(now);
  }

  private static boolean isReady(List<Map<String, Object>> states) {
    return states.stream().allMatch(state -> Boolean.TRUE.equals(state.get("ready")));
  }
}
