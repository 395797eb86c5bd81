package io.github.camelrestcache.view;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.base.Problem;
import io.github.camelrestcache.catalog.View;
import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Ranked;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.camel.Body;
import org.apache.camel.Variable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ranks the items of cached lists, or groups of them. */
public final class Ranking {

  private static final Logger LOG = LoggerFactory.getLogger(Ranking.class);

  /** Why the last ranking of a view failed, in one sentence, with the stamp that it was to have. */
  private record Failure(String stamp, String sentence) {}

  private final Map<String, Failure> failures = new ConcurrentHashMap<>();
  private final Set<String> warned = ConcurrentHashMap.newKeySet();

  /** The views of a list are sorted at the same time, and share what was read until then. */
  private final Cache<Entry, Items> read =
      Caffeine.newBuilder().executor(Runnable::run).weakKeys().weakValues().build();

  /** The last ranking by the name of its view, so that concurrent requests share one sort. */
  private final Cache<String, Ranked> sorted =
      Caffeine.newBuilder().executor(Runnable::run).weakValues().build();

  private final Supplier<Collection<View>> views;

  /**
   * @param views all views
   */
  public Ranking(Supplier<Collection<View>> views) {
    this.views = views;
  }

  /**
   * Ranks lists in both orders: by value, then by label. Items without the field come last in both
   * orders, and are in no group.
   *
   * @throws Problem 503 with the reason if the lists cannot be ranked
   */
  public Ranked rank(@Variable("view") View view, @Body List<Entry> lists) {
    String stamp = view.stamp(Entry.of(lists).version());
    Failure before = failures.get(view.name());
    if (before != null && before.stamp().equals(stamp)) {
      throw notReady(before);
    }
    return sorted
        .asMap()
        .compute(
            view.name(),
            (name, last) ->
                last != null && last.stamp().equals(stamp) ? last : sort(view, stamp, lists));
  }

  private Ranked sort(View view, String stamp, List<Entry> lists) {
    try {
      List<Row> rows = new ArrayList<>();
      Map<String, List<Comparable<?>>> groups = new HashMap<>();
      Set<String> missing = new HashSet<>(view.read());
      for (int i = 0; i < lists.size(); i++) {
        Items items = items(view.lists().get(i), lists.get(i), view);
        missing.removeIf(items::isFound);
        if (view.measure() == null) {
          rank(view, items, rows);
        } else {
          group(view, items, groups);
        }
      }
      if (!missing.isEmpty()) {
        warn(view, missing, lists);
      }
      rows.addAll(Row.of(view.measure(), groups));
      rows.sort(Row.TOP);
      byte[] top = lines(rows);
      rows.sort(Row.BOTTOM);
      failures.remove(view.name());
      return new Ranked(stamp, top, lines(rows));
    } catch (IllegalArgumentException e) {
      throw failed(view, stamp, e.getMessage());
    }
  }

  /** Whether the ranking is missing, or not of the stored versions of its lists. */
  public boolean isOutdated(
      @Variable("view") View view, @Variable("lists") List<Entry> lists, @Body Ranked ranked) {
    return ranked == null
        || lists == null
        || !ranked.stamp().equals(view.stamp(Entry.of(lists).version()));
  }

  /** The reason why the last ranking of this view failed, one sentence, or null. */
  public String failure(View view) {
    Failure last = failures.get(view.name());
    // unless the view has been edited since
    return last != null && last.stamp().endsWith(view.stamp("")) ? last.sentence() : null;
  }

  private Items items(String path, Entry list, View view) {
    Set<String> fields = new HashSet<>(view.read());
    views.get().stream()
        .filter(each -> each.lists().contains(path))
        .forEach(each -> fields.addAll(each.read()));
    return read.asMap()
        .compute(
            list, (key, here) -> here != null && here.has(fields) ? here : new Items(list, fields));
  }

  private static void rank(View view, Items items, List<Row> rows) {
    for (Value[] row : items.rows(view.only())) {
      Value label = items.scalar(row, view.label());
      if (label == null) {
        String reason = "an item has no '%s': set label to another field";
        throw new IllegalArgumentException(reason.formatted(view.label()));
      }
      List<Value> more = new ArrayList<>();
      view.fields().forEach(field -> more.add(items.scalar(row, field)));
      rows.add(Row.of(label.text(), items.scalar(row, view.field()), more));
    }
  }

  private static void group(View view, Items items, Map<String, List<Comparable<?>>> groups) {
    String measured = view.field() == null ? view.label() : view.field();
    for (Value[] row : items.rows(view.only())) {
      Value group = items.scalar(row, view.label());
      Value value = items.scalar(row, measured);
      if (group != null) {
        List<Comparable<?>> values = groups.computeIfAbsent(group.text(), n -> new ArrayList<>());
        if (value != null) {
          values.add(value.comparable());
        }
      }
    }
  }

  private static byte[] lines(List<Row> rows) {
    return rows.stream().map(Row::json).collect(Collectors.joining("\n")).getBytes(UTF_8);
  }

  /** Warns once of fields that no item has, which is a mistake more often than not. */
  private void warn(View view, Set<String> missing, List<Entry> lists) {
    Set<String> names = new HashSet<>();
    lists.forEach(list -> names.addAll(Items.names(list)));
    for (String field : names.isEmpty() ? Set.<String>of() : missing) {
      String sentence =
          "%s: no item of %s has the field '%s' of the view '%s': did you mean '%s'?"
              .formatted(
                  view.source(),
                  String.join(",", view.lists()),
                  field,
                  view.name(),
                  BadConfiguration.nearest(field, names));
      if (warned.add(sentence)) {
        LOG.warn(sentence);
      }
    }
  }

  /** Remembers why a view cannot be ranked. */
  private Problem failed(View view, String stamp, String reason) {
    String sentence =
        "The view '%s' cannot rank %s: %s"
            .formatted(view.name(), String.join(",", view.lists()), reason);
    Failure failure = new Failure(stamp, sentence);
    failures.put(view.name(), failure);
    return notReady(failure);
  }

  private static Problem notReady(Failure failure) {
    return new Problem(503, "View not ready", failure.sentence());
  }
}
