package io.github.camelrestcache.serve;

import io.github.camelrestcache.store.Entry;
import io.github.camelrestcache.store.Page;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A request for a page of a stored list, with GitHub's defaults and limits.
 *
 * @param query the query as sent, such as {@code state=all&per_page=30&page=2}
 * @param perPage the number of items per page, 1 to 100
 * @param number the number of the page, from 1
 */
public record PageRequest(String query, int perPage, int number) {

  private static final int DEFAULT_PER_PAGE = 30;
  private static final int MAX_PER_PAGE = 100;
  private static final Pattern PARAMETER = Pattern.compile("(page|per_page)=([\\w.~-]*)");
  private static final Pattern IS_PARAMETER = Pattern.compile("(?<![^&])(page|per_page)=");

  /** A range of the items of a stored page. */
  private record Slice(Page page, int from, int to) {

    boolean isWhole() {
      return from == 0 && to == page.ends().length;
    }
  }

  /** Whether a query selects a page. */
  public static boolean selectsPage(String query) {
    return !query.isEmpty() && IS_PARAMETER.matcher(query).find();
  }

  /**
   * Parses a query; other parameters do not matter. A value that is below 1 or not a number counts
   * as missing.
   *
   * @return null if page or per_page is repeated or percent-encoded
   */
  public static PageRequest of(String query) {
    Map<String, Integer> numbers = new HashMap<>();
    for (String each : query.split("&", -1)) {
      Matcher parameter = PARAMETER.matcher(each);
      if (parameter.matches()
          ? numbers.put(parameter.group(1), number(parameter.group(2))) != null
          : selectsPage(each)) {
        return null;
      }
    }
    int perPage = numbers.getOrDefault("per_page", 0);
    return new PageRequest(
        query,
        perPage == 0 ? DEFAULT_PER_PAGE : Math.min(perPage, MAX_PER_PAGE),
        Math.max(1, numbers.getOrDefault("page", 1)));
  }

  private static int number(String value) {
    return value.matches("\\d+")
        ? new BigInteger(value).min(BigInteger.valueOf(Integer.MAX_VALUE)).intValue()
        : 0;
  }

  private List<Slice> slices(Entry list) {
    List<Slice> slices = new ArrayList<>();
    long first = (number - 1L) * perPage;
    for (Page page : list.pages()) {
      int count = page.ends().length;
      int from = (int) Math.min(count, Math.max(0, first));
      int to = (int) Math.min(count, first + perPage);
      if (from < to) {
        slices.add(new Slice(page, from, to));
      }
      first -= count;
    }
    return slices;
  }

  /** The page in gzip as it is stored, or null if it is not made of whole stored pages. */
  public byte[] stored(Entry list) {
    List<Slice> slices = slices(list);
    return !slices.isEmpty() && slices.stream().allMatch(Slice::isWhole)
        ? list.gzip(slices.stream().map(Slice::page).toList())
        : null;
  }

  /** The page as JSON, cut from the bytes of its list; an empty list after the last page. */
  public byte[] cut(Entry list) {
    ByteArrayOutputStream cut = new ByteArrayOutputStream();
    cut.write('[');
    for (Slice slice : slices(list)) {
      int[] ends = slice.page().ends();
      byte[] items = list.items(slice.page());
      int start = 0;
      if (slice.from() > 0) {
        start = ends[slice.from() - 1];
        while (items[start] != ',') {
          start++;
        }
        start++;
      }
      if (cut.size() > 1) {
        cut.write(',');
      }
      cut.write(items, start, ends[slice.to() - 1] - start);
    }
    cut.write(']');
    return cut.toByteArray();
  }

  /**
   * The value of {@code Link} (RFC 8288), with GitHub's relations in GitHub's order.
   *
   * @param url the URL of the list, without a query
   * @return null if there is no other page
   */
  public String links(String url, Entry list) {
    int last = Math.max(1, (list.items() + perPage - 1) / perPage);
    List<String> links = new ArrayList<>();
    if (number > 1) {
      links.add(link(url, Math.min(number - 1, last), "prev"));
    }
    if (number < last) {
      links.add(link(url, number + 1, "next"));
    }
    if (number != last) {
      links.add(link(url, last, "last"));
    }
    if (number > 1) {
      links.add(link(url, 1, "first"));
    }
    return links.isEmpty() ? null : String.join(", ", links);
  }

  private String link(String url, int page, String relation) {
    String given = ("&" + query).contains("&page=") ? query : query + "&page=";
    String target = given.replaceFirst("(^|&)page=[^&]*", "$1page=" + page);
    return "<%s?%s>; rel=\"%s\"".formatted(url, target, relation);
  }
}
