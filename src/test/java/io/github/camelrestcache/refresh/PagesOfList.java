package io.github.camelrestcache.refresh;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.camelrestcache.base.HttpFields;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.CachedEndpoint.Shape;
import io.github.camelrestcache.store.Entry;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;

/** Pages as GitHub answers them, one after the other. */
abstract class PagesOfList {
  static final String GITHUB = "https://api.github.com";
  static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
  static final Runnable NOT_NOTED = () -> {};
  static final String FIRST = "/orgs/x/repos?per_page=100";

  static Pages pages(Shape shape, String upstream, Entry stored, String form) {
    String path = shape == Shape.LIST ? "/orgs/x/repos" : "/orgs/x";
    return pages(path, shape, "", upstream, stored, form);
  }

  static Pages pages(
      String path, Shape shape, String items, String upstream, Entry stored, String form) {
    CachedEndpoint endpoint =
        new CachedEndpoint(
            "id",
            "What it is.",
            path,
            path,
            shape,
            items,
            "",
            Duration.ofMinutes(5),
            Set.of(),
            "a.yaml:1");
    return new Pages(endpoint, 100, true, URI.create(upstream), 4, stored, form);
  }

  static Pages pages(Shape shape, String upstream) {
    return pages(shape, upstream, null, "form");
  }

  static Pages list() {
    return pages(Shape.LIST, GITHUB);
  }

  static Pages object() {
    return pages(Shape.OBJECT, GITHUB);
  }

  static HttpFields fields(String... namesAndValues) {
    HttpFields fields = new HttpFields();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      fields.add(namesAndValues[i], namesAndValues[i + 1]);
    }
    return fields;
  }

  static HttpFields next(String url) {
    return fields("Link", "<" + url + ">; rel=\"next\"");
  }

  static void add(Pages pages, HttpFields fields, String body) {
    pages.add(200, fields, body.getBytes(UTF_8), NOT_NOTED);
  }

  static String whole(Pages pages) {
    return new String(pages.whole(NOW, 7).body(), UTF_8);
  }

  static RefreshFailed failure(Pages pages, int status, HttpFields fields, String body) {
    RefreshFailed failure =
        catchThrowableOfType(
            RefreshFailed.class, () -> pages.add(status, fields, body.getBytes(UTF_8), NOT_NOTED));
    assertThat(failure).as("the failure of %d %s", status, body).isNotNull();
    return failure;
  }

  static Entry entry(String body, Entry stored) {
    Pages pages = pages(Shape.LIST, GITHUB, stored, "form");
    add(pages, fields(), body);
    return pages.whole(NOW, 7);
  }

  static final String SECOND = "/orgs/x/repos?page=2";
  static final String THIRD = "/orgs/x/repos?page=3";

  /** Three pages with the validators "1", "2" and "3" and two, one and one items. */
  static Entry threePages() {
    Pages pages = list();
    answer(pages, "1", SECOND, "[{\"id\":1},{\"id\":2}]");
    answer(pages, "2", THIRD, "[{\"id\":3}]");
    answer(pages, "3", null, "[{\"id\":4}]");
    assertThat(pages.next()).isEqualTo(FIRST);
    notModified(pages);
    return pages.whole(NOW, 7);
  }

  static void answer(Pages pages, String tag, String next, String body) {
    HttpFields fields = next == null ? fields() : next(GITHUB + next);
    pages.add(200, fields.add("ETag", tag), body.getBytes(UTF_8), NOT_NOTED);
  }

  static void notModified(Pages pages) {
    pages.add(304, fields(), new byte[0], NOT_NOTED);
  }

  static Pages again(Entry stored) {
    return pages(Shape.LIST, GITHUB, stored, "form");
  }
}
